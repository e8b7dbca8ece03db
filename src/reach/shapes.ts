/** The right tokens of one server: each issuer, each way to name the server as audience, each waiver that makes another one right. */
import type { WaiverInput } from '../decision/input.ts';
import type { TokenShape } from '../decision/matrix.ts';
import type { IssuerRecord, Registry, ServerRecord } from '../registry/registry.ts';

export interface RightToken extends TokenShape {
  readonly record: IssuerRecord;
  /** The token is this client's alone, because only a waiver makes it right; false: it may be any client's. */
  readonly waived: boolean;
}

/** Values that one token's `aud` may hold (contract 5). */
const MAX_AUDIENCES = 16;

/** @param now seconds since the epoch */
export function rightTokensOf(server: ServerRecord, registry: Registry, now: number): readonly RightToken[] {
  return server.issuers.flatMap((key): readonly RightToken[] => {
    const record = registry.issuers.get(key);
    if (record === undefined || record.disabled) return [];
    const accepted = server.inputFor(key).audiences;
    const all = [...new Set([...accepted, ...record.extra_audiences])].slice(0, MAX_AUDIENCES);
    const any = [...accepted.map((value) => [value]), ...(all.length > 1 ? [all] : [])];
    const waived = server.waivers.filter(
      (waiver) => waiver.what === 'audience' && waiver.issuer === key && now < waiver.until_seconds,
    );
    return [
      ...any.map((audiences) => ({ record, issuer: key, client_id: null, audiences, waived: false })),
      ...waived.flatMap(({ audience, client_id }) =>
        audience === undefined ? [] : [{ record, issuer: key, client_id, audiences: [audience], waived: true }],
      ),
    ];
  });
}

/** Whom a waiver of this server names for an issuer, after whoever none does (null): all others are like that one. */
export function clientsAt(server: ServerRecord, issuer: string): readonly (string | null)[] {
  return [null, ...new Set(server.waivers.flatMap((one) => (one.issuer === issuer ? [one.client_id] : [])))];
}

/** A client that no waiver of the server names. */
export function unnamedAt({ waivers }: { readonly waivers: readonly WaiverInput[] }): string {
  let client = 'audgate-reach';
  while (waivers.some(({ client_id }) => client_id === client)) client += '-';
  return client;
}
