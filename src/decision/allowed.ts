/** The answer to "what does this token open at this server", for whoever filters lists (`/v1/allowed`). */
import type { Decision } from './decision.ts';

/** Names as the registry holds them. All empty, and false, unless the decision is allow. */
export interface Opened {
  /** Registered tools that `tools/call` is open for. */
  readonly tools: readonly string[];
  /** Whether it is open also for a tool that the registry does not list. */
  readonly unlisted_tools: boolean;
  /** At a hub: prefixes of the servers behind it that are open for tools which the registry does not list; absent: none. */
  readonly unlisted_prefixes?: readonly string[];
  /** Registered prompts that `prompts/get` is open for. */
  readonly prompts: readonly string[];
  /** Registered URIs, and prefixes ending in `*`, that `resources/read` is open for. The longest that fits a URI counts. */
  readonly resources: readonly string[];
  /** Open methods that have no target, or whose target no registry can list (tasks). */
  readonly methods: readonly string[];
  /** `not_judged`: there are custom rules, and they may still deny any of this, because they judge arguments too. */
  readonly custom: 'none' | 'not_judged';
}

/**
 * `allow`: the token is good at this server, for what is listed. It lets no call through: each is decided when it comes.
 */
export type Allowed = Decision & Opened;
