/** Which exchanges open or close between two registries: who may turn a token of one server into a token of another. */
import type { ExchangeRecord, Registry } from '../../registry/registry.ts';

export interface ExchangeChange {
  /** `exchange FROM TO CLIENT ISSUER`, by registry keys: stable, and what `--accept` names. */
  readonly name: string;
  /** Registry key of the server that it leads to. */
  readonly server: string;
  readonly change: 'opens' | 'widens' | 'shifts' | 'narrows' | 'closes';
  /** Scopes that are to be had now and were not. */
  readonly gained: readonly string[];
  /** Scopes that were to be had and are not now. */
  readonly lost: readonly string[];
}

/** Ordered by name. */
export function compareExchanges(before: Registry, after: Registry): readonly ExchangeChange[] {
  const [then, next] = [byName(before), byName(after)];
  return [...new Set([...then.keys(), ...next.keys()])].sort().flatMap((name) => {
    const [was, is] = [then.get(name), next.get(name)];
    const [old, now] = [was?.scopes ?? [], is?.scopes ?? []];
    const gained = now.filter((scope) => !old.includes(scope));
    const lost = old.filter((scope) => !now.includes(scope));
    const change = changeOf(was, is, gained.length > 0, lost.length > 0);
    return change === null ? [] : [{ name, server: (is ?? was)?.to ?? '', change, gained, lost }];
  });
}

function changeOf(
  was: ExchangeRecord | undefined,
  is: ExchangeRecord | undefined,
  gains: boolean,
  loses: boolean,
): ExchangeChange['change'] | null {
  if (was === undefined) return 'opens';
  if (is === undefined) return 'closes';
  if (gains) return loses ? 'shifts' : 'widens';
  return loses ? 'narrows' : null;
}

function byName({ exchanges }: Registry): ReadonlyMap<string, ExchangeRecord> {
  return new Map(exchanges.map((one) => [`exchange ${one.from} ${one.to} ${one.client} ${one.issuer}`, one]));
}
