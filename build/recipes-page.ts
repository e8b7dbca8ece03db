/** The text of `docs/policy/recipes.md`, from the METADATA of the recipes. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { codesOf, readRego } from './rego-metadata.ts';

const FOLDER = 'policies/recipes';
/** No recipe: a registry and cases with which all of them decide at once. */
const TOGETHER = 'together';

/** @param root of the checkout */
export function recipesPage(root: string): string {
  const names = readdirSync(join(root, FOLDER))
    .filter((name) => name !== TOGETHER)
    .sort();
  const recipes = names.map((name) => {
    const file = `${FOLDER}/${name}/${name}.rego`;
    const text = readFileSync(join(root, file), 'utf8');
    const cases = readdirSync(join(root, FOLDER, name, 'cases')).sort();
    return { name, file, cases, codes: codesOf(text), ...readRego(file, text).metadata };
  });
  return `# Recipes

<!-- Written by \`npm run generate\` from the METADATA in policies/recipes; edit that. -->

Rules to start from: copy a folder of [policies/recipes](../../policies/recipes) into your rules, change what you need, and
keep its tests. Each is closed by default: what it cannot prove, it denies, a label of the wrong type included. Each judges
only what carries its label, so that all of them can be loaded at once; so watch the label's spelling, or ask
\`audgate policy test\` with a case. Cases of each stand beside it, those of all at once in
[together](../../policies/recipes/together); they run with \`audgate policy test policies/recipes\`.

| recipe | what it does |
| --- | --- |
${recipes.map(({ name, title }) => `| [\`${name}\`](#${anchor(title)}) | ${title} |`).join('\n')}
${recipes.map(section).join('')}`;
}

interface Recipe {
  readonly name: string;
  readonly file: string;
  readonly cases: readonly string[];
  readonly codes: readonly string[];
  readonly title: string;
  readonly description: string;
}

function section({ name, file, cases, codes, title, description }: Recipe): string {
  const folder = `../../${FOLDER}/${name}`;
  const links = cases.map((one) => `[cases/${one}](${folder}/cases/${one})`);
  return `
## ${title}

${description.trim()}

Denies as ${codes.map((code) => `\`custom:${name}/${code}\``).join(', ')}. Files:
[${name}.rego](../../${file}), [${name}_test.rego](${folder}/${name}_test.rego),
${links.join(', ')}.
`;
}

/** As forges make it of a heading. */
const anchor = (title: string) =>
  title
    .toLowerCase()
    .replaceAll(/[^\w -]/g, '')
    .replaceAll(' ', '-');
