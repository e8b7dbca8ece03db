/** The text of `docs/policy/reference.md`: from the input's schema, the reasons, METADATA of policies, and capabilities. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { isFixedCode, REASONS } from '../src/decision/reasons.ts';
import { inputSchema } from '../src/policy/custom.ts';
import { INPUT_MEANINGS } from './input-meanings.ts';
import { type RegoFile, readRego } from './rego-metadata.ts';
import { type Row, rowsOf } from './schema-rows.ts';

/** Members of these are not repeated: they are those of `registered.operation`, and only the core sees them. */
const SKIPPED = 'registered.operations[].';
/** What a custom rule's own work can end in, beside its denials. */
const OF_RULES = ['call_incomplete', 'arguments_too_large', 'rule_not_satisfied', 'policy_error', 'custom'];

/**
 * @param root of the checkout
 * @throws when a member of the input has neither description nor meaning, or a meaning no member
 */
export function policyReferencePage(root: string): string {
  const rows = rowsOf(JSON.parse(inputSchema())).filter(({ path }) => !path.startsWith(SKIPPED));
  checkMeanings(rows);
  const core = regoBelow(root, 'policies/core/audgate/rules');
  const testing = regoBelow(root, 'policies/testing');
  return `# Reference of rules

<!-- Written by \`npm run generate\` from the schema of the input, src/decision/reasons.ts, and the METADATA of policies. -->

How to begin: [fifteen minutes](fifteen-minutes.md). What to begin with: [recipes](recipes.md).

## The form of a rule

A rule NAME is a package \`custom.NAME\` (\`^[a-z][a-z0-9_]*$\`, not \`decide\`, not ending in \`_test\`), in one file or several:

| name | what it is |
| --- | --- |
| \`satisfied\` | true only when the rule proved that the call is in order; \`default satisfied := false\` |
| \`denials\` | a set of \`{"code": "…"}\`, which may have \`message\` (a text), \`expected\` and \`actual\` (arrays of texts and numbers) |

A call passes when the core rules and every rule of yours are satisfied and nothing denies: a rule can close, never open.
One that neither is satisfied nor denies shows as \`rule_not_satisfied\`. \`policy check\` refuses what could fail open: other
packages, other shapes, a \`satisfied\` that is true by default, references with a variable into rules, and data files beside
the rules (facts belong into the registry, as labels).

A rule whose package METADATA says \`custom: {enforcement: report}\` denies nothing yet: what it would deny stands in
\`advice.would_deny\`, in the record and in a metric ([how to try rules](../shadow.md)). Without it, or with \`deny\`, it denies.

How rules stay closed:

- Prove, do not exclude: \`satisfied if { … }\` with what must hold. \`not x.y\` is true when \`x\` is absent.
- Whoever calls wrote \`input.call.arguments\`. Prove the type before comparing: every text is greater than every number.
- Ask whether a label is there by its key, \`"max_amount" in object.keys(input.registered.operation.labels)\`: one with the
  value null, false or of the wrong type then closes the tool.
- \`input.context\` is the gateway's word, \`input.token.claims\` the authorization server's.

## The input

\`schemas/input.schema.json\` is the same for machines. What does not apply is absent.

| \`input.\` | type | | what it is |
| --- | --- | --- | --- |
${rows.map(inputRow).join('\n')}

## Functions

What a rule may call: what OPA compiles into the module itself. Everything else is refused by \`policy check\`, because its
answer would not depend on the input alone, or need not be OPA's.

${functions(root)}

## Helpers for tests

Tests (\`*_test.rego\`, package \`custom.NAME_test\`) may import these; rules may not.
${testing.map(helper).join('')}
## Core rules

They judge before yours, and always apply.
${core.map(coreRule).join('')}
## Reasons

What rules of yours can end in. All others stand in [reasons](../reasons.md).

| code | what is wrong | what to do |
| --- | --- | --- |
${REASONS.filter(({ code }) => OF_RULES.includes(code))
  .map(
    ({ code, summary, remedy }) =>
      `| \`${code === 'custom' ? 'custom:<rule>/<code>' : code}\` | ${cell(summary)} | ${cell(remedy)} |`,
  )
  .join('\n')}
`;
}

function checkMeanings(rows: readonly Row[]): void {
  const without = rows.filter(({ description }) => description === '').map(({ path }) => path);
  const missing = without.filter((path) => !(path in INPUT_MEANINGS));
  const left = Object.keys(INPUT_MEANINGS).filter((path) => !without.includes(path));
  if (missing.length + left.length === 0) return;
  throw new Error(
    `build/input-meanings.ts: nothing said of ${missing.join(', ') || '-'}; needless: ${left.join(', ') || '-'}`,
  );
}

function inputRow({ path, type, required, description }: Row): string {
  const meaning = description === '' ? (INPUT_MEANINGS[path] ?? '') : description;
  return `| \`${path}\` | ${cell(type ?? '')} | ${required ? '' : 'optional'} | ${cell(meaning)} |`;
}

const capabilities = z.object({
  builtins: z.array(z.object({ name: z.string(), infix: z.string().optional() })),
});

function functions(root: string): string {
  const { builtins } = capabilities.parse(JSON.parse(readFileSync(join(root, 'policies/capabilities.json'), 'utf8')));
  const names = builtins.filter(({ name, infix }) => infix === undefined && !name.startsWith('internal.'));
  return names
    .map(({ name }) => `\`${name}\``)
    .sort()
    .join(', ');
}

/** Every file with METADATA, tests aside, by package. */
function regoBelow(root: string, folder: string): readonly RegoFile[] {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith('.rego') && !file.endsWith('_test.rego'))
    .map((file) => readRego(file, readFileSync(join(root, folder, file), 'utf8')))
    .sort((a, b) => (a.package < b.package ? -1 : 1));
}

function helper({ package: name, metadata, rules }: RegoFile): string {
  const listed = [...rules].map(([rule, comment]) => `| \`${rule}\` | ${cell(comment)} |`);
  const table = listed.length === 0 ? [] : ['', '| name | what it is |', '| --- | --- |', ...listed];
  return `\n### \`import data.${name}\`\n\n${metadata.title}. ${metadata.description.trim()}\n${table.map((line) => `${line}\n`).join('')}\n`;
}

/** @throws when METADATA names a code that is none */
function coreRule({ package: name, metadata: { title, description, related_resources, custom } }: RegoFile): string {
  const unknown = custom.reasons.filter((code) => !isFixedCode(code));
  if (unknown.length > 0) throw new Error(`METADATA of ${name} names reasons that are none: ${unknown.join(', ')}`);
  const links = related_resources.map((one) => `[${one.description}](${one.ref})`);
  const codes = custom.reasons.map((code) => `\`${code}\``).join(', ');
  const more = links.length === 0 ? '' : ` See ${links.join('; ')}.`;
  return `\n### ${title} (\`${name.split('.').at(-1)}\`)\n\n${description.trim()}\n\nReasons: ${codes}.${more}\n\n`.replace(
    /\n\n$/,
    '\n',
  );
}

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
