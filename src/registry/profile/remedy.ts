/** What to set at an issuer, with the server's own resource in it: for messages, explanations and help. */
import type { Addition, Profile, Remedy, Topic } from './profile.ts';

/**
 * How an issuer of this profile is made to issue a right token for a server: the sentence, and setting by setting.
 * @param resource the server's; `RESOURCE` or the like where no server is meant
 * @returns undefined for rfc9068, of which the messages themselves say all there is to say
 */
export function remedyFor(profile: Profile, topic: Topic, resource: string): Remedy | undefined {
  if (profile.name === 'rfc9068') return undefined;
  return withResource(profile.remedies[topic], resource);
}

export function withResource({ sentence, steps }: Remedy, resource: string): Remedy {
  const filled = (text: string) => text.replaceAll('{resource}', () => resource);
  return { sentence: filled(sentence), steps: steps.map(({ where, set }) => ({ where, set: filled(set) })) };
}

/**
 * What an issuer of this profile itself put beside the server's audience, and how it is made to leave it out.
 * @param iss the issuer's; `ISS` where none is meant
 * @returns undefined for makers that add nothing
 */
export function additionOf({ adds }: Profile, iss: string): Addition | undefined {
  if (adds === undefined) return undefined;
  const filled = (text: string) => text.replaceAll('{issuer}', () => iss.replace(/\/$/, ''));
  const steps = adds.steps.map(({ where, set }) => ({ where, set: filled(set) }));
  return { value: filled(adds.value), sentence: filled(adds.sentence), steps, risk: adds.risk };
}

/** The second choice: what the registry could say instead, and what that would cost. */
export function listingOf({ value, risk }: Addition): string {
  return `Only where that cannot be, list it in the registry (extra_audiences: [${value}] of the issuer): whoever then gets hold of such a token, this server included, can ${risk}.`;
}
