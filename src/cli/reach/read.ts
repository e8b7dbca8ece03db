/** What `audgate reach` is asked about: a token on standard input, claims in a file, or the registry itself. */
import { readFile } from 'node:fs/promises';
import type { ReachAsk } from '../../decision/reach.ts';
import { reachRequest } from '../../http/native/reach-schema.ts';
import { mismatches } from '../../json/mismatch.ts';
import { readJson } from '../../json/read.ts';
import { isJsonObject } from '../../json/value.ts';
import { MAX_TOKEN_BYTES, readToken } from '../ask.ts';
import type { Host } from '../host.ts';
import { allThere } from '../paths.ts';
import { print, shown } from '../terminal.ts';
import type { ReachFlags } from './add.ts';

export interface Asked {
  /** Null: the registry. */
  readonly ask: ReachAsk | null;
  /** Milliseconds since the epoch; undefined: now. */
  readonly at: number | undefined;
}

/** Levels of nesting, the same as of a request. */
const MAX_DEPTH = 32;

/** @returns null when the command was used wrongly; why stands on standard error then */
export async function readAsked(flags: ReachFlags, host: Host): Promise<Asked | null> {
  const { claims, matrix, leaked, everyCell, at: time } = flags;
  const complain = (message: string) => {
    print(host.stderr, `audgate: ${message}`);
    return null;
  };
  const form = { ...(time !== undefined && { at: time }) };
  const parsed = reachRequest.safeParse(form);
  const [wrong] = mismatches(reachRequest, form, parsed.error?.issues ?? []);
  if (wrong !== undefined) return complain(`--at ${wrong.message}`);
  const at = time === undefined ? undefined : Date.parse(time);
  if (claims !== undefined) {
    const ask = await readClaims(claims, host);
    return ask && { ask, at };
  }
  const needsToken =
    leaked && '--leaked is about one token: give it on standard input, or its claims with --claims FILE';
  // Nobody is asked to paste what may be left out.
  const token = matrix || (host.stdin.isTTY === true && !leaked) ? '' : await readToken(host);
  if (token === null) return complain(`standard input is longer than ${MAX_TOKEN_BYTES} bytes, which is no token`);
  if (token === '' && needsToken) return complain(needsToken);
  if (token !== '' && everyCell) return complain('--every-cell belongs to the registry: leave it out, or the token');
  if (token === '' && !matrix)
    print(host.stderr, 'audgate: no token on standard input: the registry itself is judged (--matrix)');
  return { ask: token === '' ? null : { token }, at };
}

async function readClaims(path: string, host: Host): Promise<ReachAsk | null> {
  if (!(await allThere(host, [{ path, as: '--claims', kind: 'file' }]))) return null;
  const read = readJson(await readFile(path), { depth: MAX_DEPTH });
  if (!read.ok) {
    const lines = read.problems.map(({ pointer, message }) => `${pointer || 'the text'} ${message}`);
    print(host.stderr, ...lines.map((line) => `audgate: --claims ${shown(path)} is no strict JSON: ${line}`));
    return null;
  }
  if (isJsonObject(read.value)) return { claims: read.value };
  print(
    host.stderr,
    `audgate: --claims ${shown(path)} must hold a JSON object, the claims as a token's payload has them`,
  );
  return null;
}
