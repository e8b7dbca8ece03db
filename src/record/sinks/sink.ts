/** Where lines of records go. */
export interface Sink {
  /**
   * Hands whole lines to the operating system. Resolves once it took all of them, and rejects when it did not: then none of
   * them counts as written. Called again only when the call before has ended.
   */
  write(lines: string): Promise<void>;
  /** Ends what the sink itself opened. Never rejects. */
  close(): Promise<void>;
}
