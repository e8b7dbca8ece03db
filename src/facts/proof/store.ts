/** Where it stands which proofs were used. One process keeps them in memory, several share a store. */
import type { ProofsStatus, UseAnswer } from './proofs.ts';

export interface UseEntry {
  /** Seconds since the epoch, as the proof says (iat). */
  readonly issued_at: number;
  /** Seconds since the epoch; from then on every replica refuses the proof by its age, and the entry may go. */
  readonly until: number;
  /** Name of the request that it was used for, told apart by caller; absent: every use counts. */
  readonly retry?: string;
}

export interface UseStore {
  /**
   * One atomic write: of any number of uses at once, one is fresh.
   * @param key base64url, of one length; says nothing about the proof
   * @param mark false: tells what a use would be answered, and changes nothing
   */
  use(key: string, entry: UseEntry, mark: boolean): UseAnswer | Promise<UseAnswer>;
  status(): ProofsStatus | null;
}
