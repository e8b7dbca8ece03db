/** Milliseconds between two log lines of one kind of alarm. The metric counts every one. */
const QUIET_MS = 10_000;

export interface AlarmLogParts {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** @param untold alarms of this kind since the last line, this one not counted */
  readonly write: (alarm: { readonly kind: string; readonly detail: string; readonly untold: number }) => void;
}

/**
 * Tells of alarms: at once for the first of a kind, then at most every ten seconds. A client may be able to provoke one
 * with each request, and must not set the rate at which the log grows.
 */
export function createAlarmLog({ now, write }: AlarmLogParts): (kind: string, detail: string) => void {
  const kinds = new Map<string, { since: number; untold: number }>();
  return (kind, detail) => {
    const last = kinds.get(kind);
    // A clock that went back must not silence the log.
    if (last !== undefined && now() >= last.since && now() - last.since < QUIET_MS) {
      last.untold++;
      return;
    }
    kinds.set(kind, { since: now(), untold: 0 });
    write({ kind, detail, untold: last?.untold ?? 0 });
  };
}
