/** The text of `docs/frameworks.md`. */
import {
  FRAMEWORKS,
  MISUSE_REFERENCES,
  REASON_REFERENCES,
  type ReferenceId,
  RULE_REFERENCES,
} from '../src/decision/frameworks.ts';
import { MISUSE_KINDS } from '../src/decision/misuse.ts';
import { REASONS } from '../src/decision/reasons.ts';

type Row = readonly [name: string, references: readonly ReferenceId[]];

export function frameworksPage(): string {
  const reasons = REASONS.map(({ code }): Row => {
    const own = Object.entries(REASON_REFERENCES).find(([name]) => name === code)?.[1] ?? [];
    return [code === 'custom' ? 'custom:<rule>/<code>' : code, own];
  });
  const rules: readonly Row[] = [...RULE_REFERENCES];
  const kinds = MISUSE_KINDS.map((kind): Row => [kind, MISUSE_REFERENCES[kind]]);
  return `# Frameworks

<!-- Written by \`npm run generate\` from src/decision/frameworks.ts; edit that file. -->

Which risk of which published list a refusal stands against. Explanations, records of denials and misuse events carry these
identifiers, so that a finding lands in the register that an organisation already keeps. They are names for what was
lessened: no identifier here says that audgate deals with that risk as a whole, and for many of them it does nothing at all.
What it does not address is told in [threat-model.md](threat-model.md). A code with no reference is against none of these
risks: a malformed call, say, is refused because nobody can judge it.

Where they stand:

- \`POST /v1/explain\` and \`audgate explain --json\`: \`references\`, each \`{id, framework, title, reasons}\`, \`reasons\` being the
  codes of this decision that it belongs to; and each of \`checks\` has \`references\`, the identifiers of its rule, whatever
  came of it. The text of \`audgate explain\` names them below the reasons.
- Records: \`references\`, the identifiers of all reasons, in the entry of a decision that is not an allow. The answer of
  \`/v1/decide\` has none.
- Misuse events: \`references\`, the identifiers of the kind.

${FRAMEWORKS.map(section(reasons, rules, kinds)).join('\n')}
## Reason codes

${table('code', reasons)}
## Rules

${table('rule', rules)}
## Misuse events

${table('kind', kinds)}`;
}

function section(reasons: readonly Row[], rules: readonly Row[], kinds: readonly Row[]) {
  return ({ title, edition, source, entries }: (typeof FRAMEWORKS)[number]) => {
    const rows = entries.map(([id, name]) => {
      const of = (list: readonly Row[]) => named(list.filter(([, ids]) => ids.some((one) => one === id)));
      const [byReasons, byRules, byKinds] = [of(reasons), of(rules), of(kinds)];
      const found = byReasons || byRules || byKinds ? [byReasons, byRules, byKinds] : ['*nothing in audgate*', '', ''];
      return `| ${id} | ${name} | ${found.join(' | ')} |`;
    });
    return `## ${title}

Edition: ${edition}. <${source}>

| id | title | reasons | rules | misuse |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
  };
}

function table(heading: string, rows: readonly Row[]): string {
  const lines = rows.map(([name, ids]) => `| \`${name}\` | ${ids.length === 0 ? '*none*' : ids.join(', ')} |`);
  return `| ${heading} | references |
| --- | --- |
${lines.join('\n')}
`;
}

const named = (rows: readonly Row[]) => rows.map(([name]) => `\`${name}\``).join(', ');
