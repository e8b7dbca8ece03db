/** The cases of a file as requests that do not change: asked again of a registry or policy that was changed, to see which of them notices. */

import { defaultConfig } from '../../config.ts';
import type { Ask } from '../../decide/ask.ts';
import { decide, type Parts } from '../../decide/decide.ts';
import type { Decision } from '../../decision/decision.ts';
import { createKeys } from '../../facts/keys/look-up.ts';
import { createTokenReader } from '../../facts/token/read.ts';
import type { Policy } from '../../policy/policy.ts';
import type { Registry } from '../../registry/registry.ts';
import { differences, statusOf } from '../expect.ts';
import { caseFetch, caseIntrospector } from '../introspected.ts';
import type { OpenedCases } from '../open.ts';
import { proofsOf } from '../proofs.ts';
import { questionOf } from '../question.ts';
import { revocationsOf } from '../revoked.ts';
import type { Case } from '../schema.ts';

export interface FrozenCases {
  readonly opened: OpenedCases;
  readonly questions: readonly { readonly one: Case; readonly ask: Ask }[];
}

export interface Registries {
  readonly loaded: Registry;
  /** When no issuer's keys can be had. */
  readonly keyless: Registry;
}

/** Tokens are signed for the registry as it stands, whatever is then changed in it. */
export async function freeze(opened: OpenedCases, newId: () => string): Promise<FrozenCases> {
  const { file, registered, now } = opened;
  const registry = registriesOf(opened).loaded;
  const questions: { one: Case; ask: Ask }[] = [];
  for (const one of file.cases) {
    const question = await questionOf(one, { registry, keys: registered.keys, now: now / 1000, newId });
    if (typeof question === 'object') questions.push({ one, ask: question.ask });
  }
  return { opened, questions };
}

/** As the file has them. */
export function registriesOf({ registered: { loaded, keyless } }: OpenedCases): Registries {
  if (!loaded.ok || !keyless.ok) throw new Error('a registry was opened that did not load');
  return { loaded: loaded.registry, keyless: keyless.registry };
}

/** @returns the first case that is decided otherwise than expected, or null */
export async function noticing(
  { opened, questions }: FrozenCases,
  registries: Registries,
  policy: Policy,
  newId: () => string,
): Promise<string | null> {
  for (const [kind, registry] of Object.entries(registries)) {
    const asked = questions.filter(({ one }) => (one.keys === 'unavailable') === (kind === 'keyless'));
    const asking = deciding({ registry, policy, now: opened.now, newId });
    for (const { one, ask: question } of asked) {
      if (differences(one.expect, await asking(question, one)).length > 0) return `${opened.path}: ${one.name}`;
    }
  }
  return null;
}

/** What a case that is to be written has to expect: what is decided today. Null: it cannot be asked. */
export async function expectedOf(
  suggestion: Case,
  { opened }: FrozenCases,
  policy: Policy,
  newId: () => string,
): Promise<Case['expect'] | null> {
  const { now, registered } = opened;
  const registry = registriesOf(opened).loaded;
  const question = await questionOf(suggestion, { registry, keys: registered.keys, now: now / 1000, newId });
  if (typeof question === 'string') return null;
  const decision = await deciding({ registry, policy, now, newId })(question.ask, suggestion);
  return {
    decision: decision.decision,
    reasons: decision.reasons.map(({ code }) => code),
    status: statusOf(decision),
  };
}

export interface Deciding {
  readonly registry: Registry;
  readonly policy: Policy;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly newId: () => string;
}

/** Decides in process, with nothing fetched and nothing recorded. */
export function deciding({
  registry,
  policy,
  now,
  newId,
}: Deciding): (question: Ask, at: Pick<Case, 'revoked' | 'proof'>) => Promise<Decision> {
  const keys = createKeys({
    fetch: caseFetch,
    now: () => now,
    settings: defaultConfig().keys,
    onEvent: () => {},
  });
  keys.retain(registry.issuers.values());
  const parts: Omit<Parts, 'revocations' | 'proofs'> = {
    tokens: createTokenReader({
      lookup: keys.lookup,
      cacheSize: 1,
      introspector: caseIntrospector(() => now, keys.lookup),
    }),
    recorder: SILENT,
    now: () => now,
    ticks: () => 0n,
    newId,
  };
  const snapshot = { registry, policy, revision: 'sha256:mutant', loaded_at: now };
  return async (question, { revoked, proof }) => {
    const door = question.door ?? 'audgate/decide';
    const listed = { ...parts, revocations: revocationsOf(revoked, now), proofs: proofsOf(proof) };
    const { decision } = await decide(question, CALLER, snapshot, listed, door, Math.floor(now / 1000));
    return decision;
  };
}

const CALLER = { name: 'local', servers: '*' } as const;
const SILENT: Parts['recorder'] = { record: () => {}, flush: () => Promise.resolve(), dropped: () => 0 };
