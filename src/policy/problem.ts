/** What is wrong with a Rego file, and where. */
export interface RegoProblem {
  readonly severity: 'error' | 'warning';
  /** Relative to the folder that was checked. */
  readonly file: string;
  /** 1-based; 0 when the whole file or folder is meant. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** What to write instead. */
  readonly remedy: string;
}

export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export function problemAt(place: Place, message: string, remedy: string): RegoProblem {
  return { severity: 'error', file: place.file, line: place.line, column: place.column, message, remedy };
}

export const whole = (file: string): Place => ({ file, line: 0, column: 0 });
