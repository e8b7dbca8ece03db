/**
 * `opa eval`, the other implementation of Rego: many inputs in one process, because starting one takes longer than
 * judging a thousand.
 */
import type { Opa } from '../policy/opa.ts';
import { isTest, type Sources, without, withStage } from '../policy/sources.ts';

export type RegoAnswer =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'undefined' }
  /** OPA refused to evaluate it: two values for one rule, for instance. */
  | { readonly kind: 'failed'; readonly detail: string };

export interface RegoQuestion {
  readonly sources: Sources;
  /** Without `data.`, slashes between: `audgate/decision/decide`. */
  readonly entrypoint: string;
  /** Plain JSON without lone surrogates, which Go's reader replaces. */
  readonly inputs: readonly object[];
}

/**
 * @returns one answer an input, in order
 * @throws when OPA cannot be asked at all: sources that do not compile, for instance
 */
export async function evaluateRego(opa: Opa, { sources, entrypoint, inputs }: RegoQuestion): Promise<RegoAnswer[]> {
  if (inputs.length === 0) return [];
  const files = new Map([...without(sources, isTest)].map(([file, text]) => [`rego/${file}`, text]));
  const reference = ['data', ...entrypoint.split('/')].join('.');
  const query = `{at: answer | some at, one in data.inputs; answer := ${reference} with input as one}`;

  const ask = (some: readonly object[]): Promise<RegoAnswer[] | string> => {
    const staged = new Map([...files, ['inputs.json', JSON.stringify({ inputs: some })]]);
    return withStage(staged, async (folder) => {
      const ran = await opa.run(['eval', '-f', 'json', '-d', 'rego', '-d', 'inputs.json', query], { cwd: folder });
      return ran.code === 0 ? answersOf(ran.stdout, some.length) : `${ran.stdout}${ran.stderr}`.trim();
    });
  };

  const all = await ask(inputs);
  if (typeof all !== 'string') return all;
  // One input that breaks the rules ends the whole run, so each is asked alone.
  const answers: RegoAnswer[] = [];
  for (const input of inputs) {
    const one = await ask([input]);
    answers.push(typeof one === 'string' ? { kind: 'failed', detail: one } : (one[0] ?? { kind: 'undefined' }));
  }
  return answers;
}

/** `{result: [{expressions: [{value: {"0": …}}]}]}` */
function answersOf(output: string, count: number): RegoAnswer[] {
  const printed: { result?: { expressions?: { value?: Record<string, unknown> }[] }[] } = JSON.parse(output);
  const value = printed.result?.[0]?.expressions?.[0]?.value;
  if (value === undefined) throw new Error('opa eval printed no result');
  return Array.from({ length: count }, (_, at) =>
    Object.hasOwn(value, at) ? { kind: 'value', value: value[String(at)] } : { kind: 'undefined' },
  );
}

/** JSON with sorted members: equal texts for equal values. */
export function canonical(value: unknown): string {
  return write(value, (items) => items);
}

/** The same, but that lists are sorted too, because Rego's sets have no order. */
export function canonicalSets(value: unknown): string {
  return write(value, (items) => items.sort());
}

function write(value: unknown, arrange: (items: string[]) => string[]): string {
  if (Array.isArray(value)) return `[${arrange(value.map((item) => write(item, arrange))).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${write(member, arrange)}`).join(',')}}`;
}
