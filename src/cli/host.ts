/** What a command is given of the machine it runs on. Only `main.ts` reads it from the process; tests give their own. */
import type { Readable, Writable } from 'node:stream';
import type { IssuerFetch } from '../network/issuer-fetch.ts';

export type Signal = 'SIGHUP' | 'SIGINT' | 'SIGTERM';

export interface Host {
  /** Without the program and the script. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  /** Of this release. */
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Nanoseconds of a clock that never jumps. */
  readonly ticks: () => bigint;
  /** A fresh UUIDv7. */
  readonly newId: () => string;
  readonly fetch: typeof globalThis.fetch;
  /** For keys and whatever else issuers are asked: never redirected, and to private networks only where the registry says so. */
  readonly fetchIssuer: IssuerFetch;
  /** @returns what ends the listening */
  readonly onSignal: (signal: Signal, act: () => void) => () => void;
}

/** Exit codes (contract 8). */
export const EXIT = {
  /** Allowed, or all is fine; warnings too. */
  fine: 0,
  /** Denied, problems in files, or the port is taken. */
  refused: 1,
  /** Wrong usage, a missing file, or no callers beyond loopback. */
  usage: 2,
  indeterminate: 3,
} as const;

export type Exit = (typeof EXIT)[keyof typeof EXIT];
