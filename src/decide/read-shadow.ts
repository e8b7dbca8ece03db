/** The bundle of a shadow: read at the start and at each reload; a bad one never replaces a good one, nor holds up another. */
import type { TokenReader } from '../facts/token/read.ts';
import { activate } from '../policy/activate.ts';
import { judgeApart } from '../policy/judge-apart.ts';
import type { PolicySources } from '../policy/load.ts';
import type { LoadTried } from '../policy/load-tried.ts';
import { createAlarmLog } from '../record/alarms.ts';
import type { IssuerRecord, Registry } from '../registry/registry.ts';
import type { ReloadProblem } from './decider.ts';
import type { Shadow } from './shadow.ts';

type Sourced =
  /** `registry`: the bundle's own; absent: it holds none. */
  | { readonly ok: true; readonly sources: Omit<PolicySources, 'onAlarm'>; readonly registry?: Registry | undefined }
  | { readonly ok: false; readonly problems: readonly ReloadProblem[] };

export interface ShadowReaderParts {
  readonly shadow: Shadow;
  /** Undefined: there is none. */
  readonly source: (() => Promise<Sourced>) | undefined;
  /** Of the shadow alone: what breaks in its instances must not use up those that decide. */
  readonly load: LoadTried;
  /** Keys and verified tokens by the bundle's own registry, which must not push out those that decide. */
  readonly apart: { readonly tokens: TokenReader; retain(issuers: Iterable<IssuerRecord>): void };
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly warn: (fields: object, message: string) => void;
}

/**
 * @returns reads it and puts it in force, or says what is wrong with it; never rejects. It is tried with calls of its
 *   own registry, else of the one that it is given; null: there is none
 */
export function shadowReader({
  shadow,
  source,
  load,
  apart,
  now,
  warn,
}: ShadowReaderParts): (registry: Registry | null) => Promise<readonly ReloadProblem[]> {
  const tell = createAlarmLog({ now, write: (alarm) => warn(alarm, 'the shadow broke; no decision was changed') });
  const onAlarm: PolicySources['onAlarm'] = ({ kind, detail }) => tell(kind, detail);

  async function read(from: () => Promise<Sourced>, registry: Registry | null): Promise<readonly string[]> {
    const sourced = await from();
    if (!sourced.ok) return sourced.problems.map(({ message }) => message);
    const { registry: packed } = sourced;
    const loaded = await load({ ...sourced.sources, onAlarm }, packed ?? registry, now());
    if (!loaded.ok) return loaded.problems;
    const { policy } = loaded;
    const activation = packed === undefined ? null : await activate(packed, policy, { now });
    if (activation?.ok === false) return activation.problems;
    apart.retain(packed?.issuers.values() ?? []);
    const own = packed && { registry: packed, tokens: apart.tokens };
    const judges = judgeApart({ sources: sourced.sources, now, onAlarm });
    shadow.replace({ policy, judges, own, close: judges.close });
    return [];
  }

  return async (registry) => {
    if (source === undefined) return [];
    const problems = await read(source, registry).catch((error: unknown) => [
      error instanceof Error ? error.message : 'its bundle cannot be read',
    ]);
    return problems.map((message) => ({ severity: 'error', message: `shadow: ${message}` }));
  };
}
