/** Which deliberate mistakes the tests notice. */

export interface Survivor {
  readonly what: string;
  /** `file:line`. */
  readonly place: string;
  /** YAML of a case that would notice it. */
  readonly case: string;
}

export interface Score {
  readonly noticed: number;
  readonly survivors: readonly Survivor[];
  /** Changes that nothing could notice, because they do not load or compile, or change nothing. */
  readonly void: number;
}

export const NOTHING: Score = { noticed: 0, survivors: [], void: 0 };

export function together(scores: readonly Score[]): Score {
  return {
    noticed: scores.reduce((sum, { noticed }) => sum + noticed, 0),
    survivors: scores.flatMap(({ survivors }) => survivors),
    void: scores.reduce((sum, score) => sum + score.void, 0),
  };
}

/** Noticed mistakes in percent, rounded down so that 100 means all; 100 when there was none to notice. */
export function percent({ noticed, survivors }: Score): number {
  const all = noticed + survivors.length;
  return all === 0 ? 100 : Math.floor((noticed * 100) / all);
}
