/** What to set at an issuer, with the server's own resource in it: for messages, explanations and help. */
import type { Profile, Remedy, Topic } from './profile.ts';

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
