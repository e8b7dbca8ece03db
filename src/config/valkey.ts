/**
 * How a Valkey or Redis server is named wherever one is used: used proofs (`proofs.replay.store.valkey`) and revoked tokens
 * (`revocation.valkey`) have these members. Secrets stand in files, never here.
 */
import { resolve } from 'node:path';
import { z } from 'zod';
import type { JsonProblem } from '../json/locate.ts';

const path = z.string().min(1, { error: 'must name a file' });

/** Members of an object that names a server; spread into the schema of whoever needs one. */
export const valkeyMembers = {
  url: z
    .string()
    .refine((text) => placeOf(text) !== null, {
      error:
        'must be valkey://HOST[:PORT][/DATABASE], valkeys://… for TLS (redis:// and rediss:// mean the same), or unix:PATH, ' +
        'without user and password',
    })
    .describe('valkey://HOST:PORT[/DATABASE], valkeys:// for TLS, or unix:PATH; never with a password'),
  username: z.string().min(1).exactOptional().describe('name of the user; needs password_file'),
  password_file: path
    .exactOptional()
    .describe('file that holds the password, relative to this one; read again at each connection'),
  tls: z
    .strictObject({
      ca: path.exactOptional().describe('PEM file with the only authorities that are believed'),
      certificate: path.exactOptional().describe('PEM file with the client certificate; needs key'),
      key: path.exactOptional().describe('PEM file with its private key'),
    })
    .exactOptional()
    .describe('for valkeys:// only; the server’s certificate is always verified'),
} as const;

const server = z.strictObject(valkeyMembers);
/** As written, or with its paths located. */
export type ValkeyConfig = z.output<typeof server>;

export type ValkeyPlace =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly db: number; readonly tls: boolean }
  | { readonly kind: 'unix'; readonly path: string };

const DEFAULT_PORT = 6379;

/** @returns null when the text names no server, or holds what has no place there */
export function placeOf(url: string): ValkeyPlace | null {
  if (url.startsWith('unix:')) return url.length > 5 ? { kind: 'unix', path: url.slice(5) } : null;
  const [, scheme, host6, host4, port, db] =
    /^(valkey|valkeys|redis|rediss):\/\/(?:\[([0-9a-fA-F:.]*:[0-9a-fA-F:.]*)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?(?:\/(\d{1,3})?)?$/.exec(
      url,
    ) ?? [];
  const host = host6 ?? host4;
  const number = port === undefined ? DEFAULT_PORT : Number(port);
  if (scheme === undefined || host === undefined || number < 1 || number > 65_535) return null;
  return { kind: 'tcp', host, port: number, db: Number(db ?? 0), tls: scheme === 'valkeys' || scheme === 'rediss' };
}

/** What no single member shows. @param pointer where the object stands */
export function valkeyProblems(written: ValkeyConfig, pointer: string): readonly JsonProblem[] {
  const problems: JsonProblem[] = [];
  const { username, password_file, tls } = written;
  if (username !== undefined && password_file === undefined)
    problems.push({ pointer: `${pointer}/username`, message: 'needs password_file beside it' });
  if (tls === undefined) return problems;
  const place = placeOf(written.url);
  if (place !== null && !(place.kind === 'tcp' && place.tls))
    problems.push({
      pointer: `${pointer}/tls`,
      message: 'is for valkeys:// (or rediss://) only: write that, or leave it out',
    });
  for (const [one, other] of [
    ['certificate', 'key'],
    ['key', 'certificate'],
  ] as const) {
    if (tls[one] !== undefined && tls[other] === undefined)
      problems.push({ pointer: `${pointer}/tls/${one}`, message: `needs ${other} beside it` });
  }
  return problems;
}

/** The same with its files resolved against the configuration's folder. */
export function locateValkey<T extends ValkeyConfig>(written: T, folder: string): T {
  const at = (text: string) => resolve(folder, text);
  const { url, password_file, tls } = written;
  return {
    ...written,
    url: url.startsWith('unix:') ? `unix:${at(url.slice(5))}` : url,
    ...(password_file !== undefined && { password_file: at(password_file) }),
    ...(tls && { tls: Object.fromEntries(Object.entries(tls).map(([name, file]) => [name, at(file)])) }),
  };
}
