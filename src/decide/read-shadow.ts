/** The bundle of a shadow: read at the start and at each reload; a bad one never replaces a good one, nor holds up another. */
import { judgeApart } from '../policy/judge-apart.ts';
import type { PolicySources } from '../policy/load.ts';
import { loadTried } from '../policy/try-apart.ts';
import { createAlarmLog } from '../record/alarms.ts';
import type { ReloadProblem } from './decider.ts';
import type { Shadow } from './shadow.ts';

type Sourced =
  | { readonly ok: true; readonly sources: Omit<PolicySources, 'onAlarm'> }
  | { readonly ok: false; readonly problems: readonly ReloadProblem[] };

export interface ShadowReaderParts {
  readonly shadow: Shadow;
  /** Undefined: there is none. */
  readonly source: (() => Promise<Sourced>) | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly warn: (fields: object, message: string) => void;
}

/** @returns reads it and puts it in force, or says what is wrong with it; never rejects */
export function shadowReader({
  shadow,
  source,
  now,
  warn,
}: ShadowReaderParts): () => Promise<readonly ReloadProblem[]> {
  const tell = createAlarmLog({ now, write: (alarm) => warn(alarm, 'the shadow broke; no decision was changed') });
  const onAlarm: PolicySources['onAlarm'] = ({ kind, detail }) => tell(kind, detail);

  async function read(from: () => Promise<Sourced>): Promise<readonly string[]> {
    const sourced = await from();
    if (!sourced.ok) return sourced.problems.map(({ message }) => message);
    const loaded = await loadTried({ ...sourced.sources, onAlarm }, null, now());
    if (!loaded.ok) return loaded.problems;
    const { policy } = loaded;
    const judges = judgeApart({ sources: sourced.sources, now, onAlarm });
    shadow.replace({ policy, judges, close: judges.close });
    return [];
  }

  return async () => {
    if (source === undefined) return [];
    const problems = await read(source).catch((error: unknown) => [
      error instanceof Error ? error.message : 'its bundle cannot be read',
    ]);
    return problems.map((message) => ({ severity: 'error', message: `shadow: ${message}` }));
  };
}
