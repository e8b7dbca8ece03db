/** The client, in the claim where the issuer's profile puts it: by default `client_id` (RFC 9068 §2.2). */
import type { JsonObject } from '../../json/value.ts';
import type { Profile } from '../../registry/profile/profile.ts';
import { adviceOf } from './read-scopes.ts';
import { found, type Refused, refuse, wrongText } from './refuse.ts';

export function readClient(claims: JsonObject, profile: Profile): string | Refused {
  const [usual, ...others] = profile.client;
  const present = profile.client.filter((name) => claims[name] !== undefined);
  const [first = usual] = present;
  if (present.length === 0 && others.length > 0)
    return refuse(
      'claims_invalid',
      `The token has none of the claims ${profile.client.join(', ')}, in which ${profile.title} names the client. ${adviceOf(profile)}`,
      { expected: profile.client, actual: [found(undefined)] },
    );
  // The others are as well-formed as this one if they are the same.
  const wrong = wrongText(first, claims[first], true);
  if (wrong !== undefined) return wrong;
  const client = claims[first];
  const other = present.find((name) => claims[name] !== client);
  if (other === undefined && typeof client === 'string') return client;
  // Whichever were believed, rules and waivers for the other would be passed by.
  return refuse(
    'claims_invalid',
    `The claims "${first}" and "${other ?? first}" both name the client, and differ. ${adviceOf(profile)}`,
    { actual: present.map((name) => found(claims[name])) },
  );
}
