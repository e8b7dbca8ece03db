import type { DecisionEvent } from './entry.ts';

export interface Recorder {
  /** Takes one decision. Never throws and never waits. */
  record(event: DecisionEvent): void;
  /** Writes what is buffered. Never rejects. */
  flush(): Promise<void>;
}
