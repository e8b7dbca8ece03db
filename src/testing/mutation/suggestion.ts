/** A case to write, as YAML that can be pasted below `cases:`. */
import { stringify } from 'yaml';
import type { Case } from '../schema.ts';

export type Suggestion = Pick<Case, 'name' | 'server' | 'token' | 'call' | 'expect'> & Partial<Case>;

/** A refusal with one reason. */
export const refusedFor = (code: string, status: number): Case['expect'] => ({
  decision: 'deny',
  reasons: [code],
  status,
});

/** @param note what the writer has to change in it, if anything */
export function yamlOf({ name, server, token, ...rest }: Suggestion, note?: string): string {
  const text = stringify([{ name, server, token, ...rest }], { lineWidth: 0, collectionStyle: 'block' });
  const lines = text.trimEnd().split('\n');
  const all = note === undefined ? lines : [`# ${note}`, ...lines];
  return all.map((line) => `  ${line}\n`).join('');
}
