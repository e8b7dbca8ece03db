/** The bundle of a shadow: read at the start and at each reload; a bad one never replaces a good one, nor holds up another. */
import { judgeApart } from '../policy/judge-apart.ts';
import type { PolicySources } from '../policy/load.ts';
import type { LoadTried } from '../policy/load-tried.ts';
import { createAlarmLog } from '../record/alarms.ts';
import type { Registry } from '../registry/registry.ts';
import type { ReloadProblem } from './decider.ts';
import type { Shadow } from './shadow.ts';

type Sourced =
  | { readonly ok: true; readonly sources: Omit<PolicySources, 'onAlarm'> }
  | { readonly ok: false; readonly problems: readonly ReloadProblem[] };

export interface ShadowReaderParts {
  readonly shadow: Shadow;
  /** Undefined: there is none. */
  readonly source: (() => Promise<Sourced>) | undefined;
  /** Of the shadow alone: what breaks in its instances must not use up those that decide. */
  readonly load: LoadTried;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly warn: (fields: object, message: string) => void;
}

/**
 * @returns reads it and puts it in force, or says what is wrong with it; never rejects. It is tried with calls of the
 *   registry that it is given; null: there is none
 */
export function shadowReader({
  shadow,
  source,
  load,
  now,
  warn,
}: ShadowReaderParts): (registry: Registry | null) => Promise<readonly ReloadProblem[]> {
  const tell = createAlarmLog({ now, write: (alarm) => warn(alarm, 'the shadow broke; no decision was changed') });
  const onAlarm: PolicySources['onAlarm'] = ({ kind, detail }) => tell(kind, detail);

  async function read(from: () => Promise<Sourced>, registry: Registry | null): Promise<readonly string[]> {
    const sourced = await from();
    if (!sourced.ok) return sourced.problems.map(({ message }) => message);
    const loaded = await load({ ...sourced.sources, onAlarm }, registry, now());
    if (!loaded.ok) return loaded.problems;
    const { policy } = loaded;
    const judges = judgeApart({ sources: sourced.sources, now, onAlarm });
    shadow.replace({ policy, judges, close: judges.close });
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
