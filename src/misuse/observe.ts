/**
 * Looks at decisions after they were made, and tells of misuse that several of them show together. Delays and changes none:
 * nothing here waits, and whatever breaks is told and forgotten.
 */
import type { Caller } from '../decide/ask.ts';
import type { CallFacts } from '../decision/facts.ts';
import type { IssuanceDecision, IssuanceQuestion } from '../decision/issuance.ts';
import type { MisuseKind } from '../decision/misuse.ts';
import type { Registry } from '../registry/registry.ts';
import { createMemory, type Memory } from './memory.ts';
import { type About, createRaise, type RaiseParts } from './raise.ts';
import { recognise, type Settings } from './recognise.ts';
import { type Observed, type Sighting, sightingOf } from './sighting.ts';

/** A decision about issuing. */
export interface ObservedIssuance {
  readonly question: Pick<IssuanceQuestion, 'issuer' | 'client_id'>;
  readonly caller: Pick<Caller, 'name'>;
  readonly decision: Pick<IssuanceDecision, 'decision_id' | 'server' | 'reasons'>;
  readonly registry: Pick<Registry, 'issuerByIss'>;
}

/** What a decider is given; neither throws nor waits. */
export interface Observer {
  observe(decided: Observed): void;
  observeIssuance(decided: ObservedIssuance): void;
}

export interface Misuse extends Observer {
  /** Tells now of what was only counted. */
  flush(): void;
  sizes(): ReturnType<Memory['sizes']>;
}

export interface MisuseParts extends Omit<RaiseParts, 'window_ms'> {
  readonly kinds: readonly MisuseKind[];
  readonly max_entries: number;
  readonly window_seconds: number;
  readonly fallback_seconds: number;
  readonly sweep_servers: number;
  /** 32 random bytes of this process alone. */
  readonly secret: Uint8Array;
  /** Nanoseconds of a clock that never jumps. */
  readonly ticks: () => bigint;
  /** Something here broke: a bug. */
  readonly onBroken: (error: unknown) => void;
}

/** With which an authorization server was asked for another target. */
const REWRITTEN: ReadonlySet<string> = new Set(['resource_changed', 'exchange_not_allowed']);

export function createMisuse(parts: MisuseParts): Misuse {
  const { ticks, onBroken } = parts;
  const settings: Settings = {
    kinds: new Set(parts.kinds),
    window_ms: parts.window_seconds * 1000,
    fallback_ms: parts.fallback_seconds * 1000,
    sweep_servers: parts.sweep_servers,
  };
  const memory = createMemory(parts.max_entries, parts.secret);
  const raise = createRaise({ ...parts, window_ms: settings.window_ms });
  const off = settings.kinds.size === 0;
  function look(decided: Observed): void {
    const seen = sightingOf(decided);
    if (seen === null) return;
    const at = Number(ticks() / 1000n) / 1000;
    const { call } = decided.evaluation;
    const findings = recognise(seen, {
      memory,
      settings,
      call: () => callText(call, memory),
      goodAt: () => serversOf(seen, decided.registry),
      at,
    });
    for (const found of findings) raise(found, aboutOf(seen), at);
  }

  function lookAtIssuance({ question, caller, decision, registry }: ObservedIssuance): void {
    const code = decision.reasons.find((reason) => REWRITTEN.has(reason.code))?.code;
    const issuer = registry.issuerByIss.get(question.issuer)?.key;
    if (code === undefined || issuer === undefined || !settings.kinds.has('target_rewritten')) return;
    const at = Number(ticks() / 1000n) / 1000;
    const { client_id } = question;
    // A quota of its own: what an authorization server asks evicts nothing that is known of tokens.
    const entry = memory.client(JSON.stringify(['issuance', issuer, client_id]));
    const evidence = { server: decision.server ?? '', caller: caller.name, code, decision_id: decision.decision_id };
    raise({ kind: 'target_rewritten', from: [evidence], entry, verified: true }, { issuer, client_id }, at);
  }

  const guarded =
    <T>(act: (decided: T) => void) =>
    (decided: T): void => {
      if (off) return;
      try {
        act(decided);
      } catch (error) {
        onBroken(error);
      }
    };
  return {
    observe: guarded(look),
    observeIssuance: guarded(lookAtIssuance),
    flush: raise.flush,
    sizes: memory.sizes,
  };
}

function aboutOf({ token, issuer }: Sighting): About {
  if (issuer === null || token === null) return {};
  return { issuer, client_id: token.client_id, subject: token.subject, token_id: token.token_id };
}

/** Registry keys of the servers that a token's audiences stand for. */
function serversOf({ token }: Sighting, registry: Pick<Registry, 'ownersOf'>): readonly string[] {
  const owners = (token?.audiences ?? []).flatMap((audience) => registry.ownersOf(audience));
  return owners.flatMap((owner) => (owner.kind === 'server' ? [owner.key] : []));
}

/** Where nobody looked at the call there is none to compare. */
function callText(call: CallFacts | null, memory: Memory): string | null {
  if (call === null || call.method === '*') return null;
  const target = call.tool ?? call.prompt ?? call.uri ?? call.task ?? '';
  return memory.digest(`${call.method}\n${target}`);
}
