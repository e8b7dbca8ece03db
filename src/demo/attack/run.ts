/** `audgate demo --attack`: five attacks that succeed, and the same five with audgate asked: stopped, explained, raised. */
import type { Decision } from '../../decision/decision.ts';
import type { Explanation } from '../../decision/explanation.ts';
import { type ReferenceId, referencesOf } from '../../decision/frameworks.ts';
import type { IssuanceDecision } from '../../decision/issuance.ts';
import type { MisuseKind } from '../../decision/misuse.ts';
import type { Reach } from '../../decision/reach.ts';
import type { WrittenEntry } from '../../facts/revocation/entry.ts';
import { openListeners } from '../listen.ts';
import type { WorldParts } from '../world.ts';
import { type Attack, type Attempt, attacks } from './attacks.ts';
import { attackRegistry } from './registry.ts';
import { createSink, type Sink } from './sink.ts';
import { type AttackWorld, createAttackWorld } from './world.ts';

export interface AttackedAudgate {
  readonly url: string;
  revoke(entry: WrittenEntry): Promise<void>;
  stop(): Promise<void>;
}

export interface AttackParts extends WorldParts {
  /** Starts audgate itself with this registry, which posts its events there. */
  readonly startAudgate: (registry: string, webhook: string) => Promise<AttackedAudgate>;
  /** Told of each attack as soon as it was played both ways. */
  readonly onPlayed: (played: Played) => void;
}

/** Never holds a token. */
export interface Played {
  readonly key: string;
  readonly title: string;
  readonly story: string;
  readonly without: { readonly succeeded: boolean; readonly got: string | null };
  readonly with: {
    readonly stopped: boolean;
    /** Of the refusal that stopped it; null where nothing did, or not for the right reason. */
    readonly reason: string | null;
    readonly message: string | null;
    readonly references: readonly ReferenceId[];
    readonly notes: readonly string[];
    /** The event that was posted; null where none came. */
    readonly event: { readonly kind: MisuseKind; readonly message: string; readonly id: string } | null;
    /** What is right still works. */
    readonly right_use: { readonly what: string; readonly works: boolean };
  };
  readonly ok: boolean;
}

/** Milliseconds that an event may take on its way at most. */
const EVENT_MS = 15_000;

/** @returns what came of each, in their order */
export async function runAttacks(parts: AttackParts): Promise<readonly Played[]> {
  const world = await createAttackWorld(parts);
  const listeners = openListeners();
  try {
    const sink = createSink(parts.now);
    const receiver = await listeners.start(sink.app);
    const audgate = await parts.startAudgate(attackRegistry(world), `${receiver}/events`);
    try {
      const all: Played[] = [];
      for (const attack of attacks(parts.now)) {
        const played = await play(attack, { world, sink, audgate, fetch: parts.fetch });
        parts.onPlayed(played);
        all.push(played);
      }
      return all;
    } finally {
      await audgate.stop();
    }
  } finally {
    await Promise.all([world.stop(), listeners.stop()]);
  }
}

interface Stage {
  readonly world: AttackWorld;
  readonly sink: Sink;
  readonly audgate: AttackedAudgate;
  readonly fetch: typeof globalThis.fetch;
}

async function play(attack: Attack, stage: Stage): Promise<Played> {
  const { world, sink, audgate, fetch } = stage;
  world.protect(null);
  const open = await attack.perform(world, null);

  world.protect(audgate.url);
  world.takeDecisions();
  const reach = (token: string) => ask<Reach>(fetch, `${audgate.url}/v1/reach`, { token });
  const closed = await attack.perform(world, { reach, revoke: audgate.revoke });
  const refusal = refusalIn(world.takeDecisions(), attack);
  const references = refusal === null ? [] : await referencesFor(closed, attack, stage);
  // What was not refused raises nothing: there is nothing to wait for.
  const event = refusal === null ? null : await sink.waitFor(attack.misuse, attack.client, EVENT_MS);
  const works = await attack.rightUse(world);

  const stopped = closed.got === null && refusal !== null;
  return {
    key: attack.key,
    title: attack.title,
    story: attack.story,
    without: { succeeded: open.got !== null, got: open.got },
    with: {
      stopped,
      reason: refusal?.code ?? null,
      message: refusal?.message ?? null,
      references,
      notes: closed.notes ?? [],
      event: event && { kind: event.kind, message: event.message, id: event.id },
      right_use: { what: attack.right, works },
    },
    ok: open.got !== null && stopped && references.length > 0 && event !== null && works,
  };
}

/** The last refusal for the reason that should stop it. */
function refusalIn(decisions: readonly (Decision | IssuanceDecision)[], { reason }: Attack) {
  return decisions.flatMap(({ reasons }) => reasons).findLast(({ code }) => code === reason) ?? null;
}

/** As audgate explains the very call; an authorization server's refusal has the references of its reason. */
async function referencesFor({ call }: Attempt, { reason }: Attack, { world, audgate, fetch }: Stage) {
  if (call === undefined) return referencesOf(reason);
  const { references } = await ask<Explanation>(fetch, `${audgate.url}/v1/explain`, {
    server: world.resources[call.server],
    token: call.token,
    call: { method: 'tools/call', tool: call.tool, arguments: {} },
  });
  return references.filter(({ reasons }) => reasons.includes(reason)).map(({ id }) => id);
}

/** @throws when audgate does not answer: the demonstration cannot go on */
async function ask<T>(fetch: typeof globalThis.fetch, url: string, question: object): Promise<T> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(question),
  });
  if (!answer.ok) throw new Error(`${new URL(url).pathname} answered ${answer.status}`);
  return (await answer.json()) as T;
}
