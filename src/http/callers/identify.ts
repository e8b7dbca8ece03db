/** Who asks: the gateway or server whose key this is (contract 3). */
import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type CallerConfig, PERMISSIONS, type Permission } from '../../config.ts';
import type { Caller } from '../../decide/ask.ts';
import type { ProblemAnswer } from '../problems.ts';

export interface KnownCaller extends Caller {
  readonly may: ReadonlySet<Permission>;
}

export type Identified =
  | { readonly ok: true; readonly caller: KnownCaller }
  | { readonly ok: false; readonly problem: ProblemAnswer };

export type Identify = (incoming: IncomingMessage) => Identified;

const HEADER = 'x-audgate-key';

/** @param callers by name; none: everyone is `local` and may ask everything, which the host check must narrow */
export function createIdentify(callers: Readonly<Record<string, CallerConfig>>): Identify {
  const known = Object.entries(callers).flatMap(([name, { key_sha256, servers, may }]) => {
    const caller: KnownCaller = { name, servers, may: new Set(may) };
    return key_sha256.map((digest) => ({ digest: Buffer.from(digest, 'hex'), caller }));
  });
  if (known.length === 0) {
    const local: Identified = { ok: true, caller: { name: 'local', servers: '*', may: new Set(PERMISSIONS) } };
    return () => local;
  }
  return ({ rawHeaders }) => {
    const key = onlyValue(rawHeaders);
    if (key === null) return UNKNOWN;
    // Node shows header bytes as Latin-1; hashed are the bytes that were sent.
    const digest = hash('sha256', Buffer.from(key, 'latin1'), 'buffer');
    let found: KnownCaller | null = null;
    // All are compared, whichever fits: neither the time nor the order tells how near a guess was.
    for (const candidate of known) if (timingSafeEqual(candidate.digest, digest)) found = candidate.caller;
    return found === null ? UNKNOWN : { ok: true, caller: found };
  };
}

/** Node joins repeated headers, so the raw ones are looked at: two keys are none. */
function onlyValue(rawHeaders: readonly string[]): string | null {
  let value: string | null = null;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (name.length !== HEADER.length || name.toLowerCase() !== HEADER) continue;
    if (value !== null) return null;
    value = rawHeaders[at + 1] ?? '';
  }
  return value;
}

const UNKNOWN: Identified = {
  ok: false,
  problem: {
    name: 'caller_unknown',
    detail: 'Send a configured caller’s key in X-Audgate-Key, exactly once.',
    headers: { 'www-authenticate': 'AudgateKey' },
  },
};
