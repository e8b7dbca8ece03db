import type { Policy } from '../policy/policy.ts';
import type { Registry } from '../registry/registry.ts';

/** What one decision uses from start to end; replaced whole, never changed. */
export interface Snapshot {
  readonly registry: Registry;
  readonly policy: Policy;
  /** `sha256:…` of registry and modules, without keys. */
  readonly revision: string;
  /** Milliseconds since the epoch. */
  readonly loaded_at: number;
}
