/** What the comments of a Rego file say: its package's METADATA, and the comment above each of its rules. */
import { parse } from 'yaml';
import { z } from 'zod';

const metadata = z.looseObject({
  title: z.string(),
  description: z.string().default(''),
  related_resources: z.array(z.object({ ref: z.string(), description: z.string() })).default([]),
  custom: z.looseObject({ reasons: z.array(z.string()).default([]) }).default({ reasons: [] }),
});
export type Metadata = z.infer<typeof metadata>;

export interface RegoFile {
  /** Without `data`. */
  readonly package: string;
  readonly metadata: Metadata;
  /** Name with parameters → the comment above its first definition, in one line; those without one are left out. */
  readonly rules: ReadonlyMap<string, string>;
}

/** @throws when the file has no METADATA of its package, or one without title */
export function readRego(file: string, text: string): RegoFile {
  const [, block, name] = /^# METADATA\n((?:#.*\n)+)package (\S+)$/m.exec(text) ?? [];
  if (block === undefined || name === undefined) throw new Error(`${file} has no METADATA above its package`);
  const yaml = block.replaceAll(/^# ?/gm, '');
  return { package: name, metadata: metadata.parse(parse(yaml)), rules: commented(text) };
}

function commented(text: string): ReadonlyMap<string, string> {
  const rules = new Map<string, string>();
  const known = new Set<string>();
  for (const [, comment = '', name = '', parameters = ''] of text.matchAll(
    /((?:^#.*\n)*)^(?!package |import |default )([a-z_]\w*)(\([^)]*\))?(?:\[.*\])? (?::=|if|contains) ?/gm,
  )) {
    if (known.has(name) || comment === '') continue;
    known.add(name);
    rules.set(`${name}${parameters}`, sentence(comment));
  }
  return rules;
}

/** A METADATA block's description, or the plain comment, as one line. */
function sentence(comment: string): string {
  const lines = comment
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/^# ?/, ''));
  if (lines[0] !== 'METADATA') return lines.join(' ');
  const { title, description } = z
    .looseObject({ title: z.string().default(''), description: z.string().default('') })
    .parse(parse(lines.slice(1).join('\n')));
  return [title, description]
    .filter((part) => part !== '')
    .join('. ')
    .trim()
    .replaceAll(/\s*\n\s*/g, ' ');
}

/** The codes that a rule writes out in its denials, in the order of the text. */
export const codesOf = (text: string): readonly string[] => [
  ...new Set([...text.matchAll(/"code": "([a-z][a-z0-9_]*)"/g)].map(([, code = '']) => code)),
];
