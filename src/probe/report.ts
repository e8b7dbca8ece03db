/** What a probe of live servers found: plain values, the same for people, JSON, JUnit and SARIF. */
import type { Source } from '../registry/registry.ts';
import type { RuleId } from './rules.ts';

/** What a server is shown, in this order: `absent` first, because what it answers without a token says how to read the rest. */
export const KINDS = [
  'absent',
  'unsigned',
  'stranger_key',
  'foreign_audience',
  'parent_audience',
  'two_audiences',
  'expired',
] as const;
export type Kind = (typeof KINDS)[number];

/** `accepted` is the finding: the server let through what it has to refuse. */
export type Verdict = 'refused' | 'accepted' | 'unclear' | 'not_sent';

/** One kind of token at one server. All texts are fit for a terminal, and hold no token. */
export interface Attempt {
  readonly kind: Kind;
  readonly verdict: Verdict;
  /** The MCP method whose answer gave the verdict; null: nothing was sent. */
  readonly method: string | null;
  readonly expected: string;
  readonly found: string;
  /** What to do next; empty where nothing is to be done. */
  readonly remedy: string;
  /** Only of `not_sent`: true where such a token could have been sent with other options. */
  readonly could?: boolean;
  /** Only of `not_sent`: what was given to make it did not serve. */
  readonly failed?: boolean;
}

/** One thing that a server says of itself beside what the registry says. */
export interface Check {
  readonly check: RuleId;
  readonly verdict: 'same' | 'differs' | 'unclear';
  readonly expected: readonly string[];
  readonly found: readonly string[];
  readonly remedy: string;
}

export interface ServerReport {
  /** Registry key. */
  readonly server: string;
  readonly resource: string;
  readonly source: Source;
  readonly attempts: readonly Attempt[];
  readonly checks: readonly Check[];
  /** What limits the worth of a refusal. */
  readonly notes: readonly string[];
}

/** What the authorization server was asked for (RFC 8707 §2). */
export const TARGETS = ['first', 'second', 'unknown', 'two', 'none'] as const;
export type Target = (typeof TARGETS)[number];

export interface IssuerAttempt {
  readonly target: Target;
  /** The `resource` values of the request. */
  readonly resources: readonly string[];
  readonly verdict: 'honoured' | 'ignored' | 'unclear' | 'not_sent';
  readonly expected: string;
  readonly found: string;
  readonly remedy: string;
}

export interface IssuerReport {
  /** Registry key. */
  readonly issuer: string;
  readonly iss: string;
  readonly source: Source;
  readonly attempts: readonly IssuerAttempt[];
  readonly checks: readonly Check[];
}
