/** Where a value of the registry stands, and how a finding about it becomes a problem with file, line and column. */
import { legible } from '../decision/evidence.ts';
import { pointerTo } from '../json/pointer.ts';
import type { Problem } from './registry.ts';

export type Path = readonly (string | number)[];

/** 1-based. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A file, or a value that stands for one. */
export interface Origin {
  readonly file: string;
  /** The position of the value at a path, or of its member name; the nearest enclosing place if there is no such value. */
  locate(path: Path, what: 'value' | 'name'): Position;
}

export interface Place {
  readonly origin: Origin;
  readonly path: Path;
}

export interface Finding {
  readonly severity?: 'error' | 'warning';
  /** `name`: point at the member's name instead of its value. */
  readonly at?: 'value' | 'name';
  readonly value: unknown;
  readonly message: string;
  readonly remedy: string;
}

export type Report = (place: Place, finding: Finding) => void;

export function below(place: Place, ...path: (string | number)[]): Place {
  return { origin: place.origin, path: [...place.path, ...path] };
}

export function problemAt(place: Place, finding: Finding): Problem {
  const { line, column } = place.origin.locate(place.path, finding.at ?? 'value');
  return {
    severity: finding.severity ?? 'error',
    file: place.origin.file,
    line,
    column,
    path: pointerTo(place.path),
    value: isSecret(place.path, finding.value) ? null : (finding.value ?? null),
    message: finding.message,
    remedy: finding.remedy,
  };
}

/** By file, then by position: the order in which an author reads. */
export function comparePlaces(a: Problem, b: Problem): number {
  return (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.line - b.line || a.column - b.column;
}

/** A value as messages show it. */
export function quote(value: unknown): string {
  return legible(JSON.stringify(value) ?? 'nothing');
}

const SECRET_NAME = /^jwk(?!.*ur[il])|secret|passw|private_?key|pkcs|credential/i;

/**
 * Key material and what may be it, a misspelt `jwks` too, never appears as the `value` of a problem (contract 1): public
 * or private, it says nothing to the reader that its `kid` in the message does not.
 */
function isSecret(path: Path, value: unknown): boolean {
  if (path.some((step) => typeof step === 'string' && SECRET_NAME.test(step))) return true;
  if (typeof value === 'string') return value.includes('-----BEGIN');
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(
    ([name, member]) => name === 'kty' || SECRET_NAME.test(name) || isSecret([], member),
  );
}
