/**
 * Makes the changes of an explanation as their reader would: from their sentences alone, in the token's claims, the call,
 * the clock and the registry's text. Knows nothing of how they were found.
 */
import type { Change } from '../../src/decision/explanation.ts';
import type { JsonObject } from '../../src/json/value.ts';
import { NOW } from '../property/world.ts';

export interface Made {
  claims: JsonObject;
  issuer: 'corp' | 'partner';
  tool: string;
  at: number;
  /** Sent with scheme DPoP and a proof of the client's own key, whose thumbprint this is. */
  readonly jkt: string;
  proved: boolean;
  /** Laid over the records. */
  files: JsonObject;
  issuers: { [key in 'corp' | 'partner']: JsonObject };
}

type Make = (made: Made, found: readonly string[]) => void;

const fresh: Make = ({ claims }) => Object.assign(claims, { iat: NOW, exp: NOW + 300, nbf: null });
const claim =
  (name: string): Make =>
  ({ claims }, [value = '']) =>
    Object.assign(claims, { [name]: value });
const object = (value: unknown): JsonObject => (typeof value === 'object' && value !== null ? { ...value } : {});

/** The token's scopes stay beside those that are asked for: a step-up adds. */
const SENTENCES: readonly (readonly [RegExp, Make])[] = [
  [/^Ask the authorization server for a token with resource=(\S+?)( alone)?\.$/, claim('aud')],
  [/: register (\S+) as a resource/, claim('aud')],
  [
    /^(?:Ask \S+ for a token with scope="(.+)"\.|Let .+ have (.+) when it asks)/,
    ({ claims }, [asked, let_]) => Object.assign(claims, { scope: asked ?? let_ ?? '' }),
  ],
  [/^(?:Get a fresh token\.|Put both exp and iat|Issue tokens of at most|Set its clock right)/, fresh],
  [/^Send it again at (\S+) or later\.$/, (made, [at = '']) => Object.assign(made, { at: Date.parse(at) / 1000 })],
  [/^Call with a token that was issued to the client itself/, ({ claims }) => Object.assign(claims, { act: null })],
  [/without cnf/, (made) => Object.assign(made.claims, { cnf: null })],
  [/^Send the token with scheme DPoP, and one DPoP header/, (made) => Object.assign(made, { proved: true })],
  [
    /^Ask for a token that is bound to a DPoP key, and send it with scheme DPoP and a fresh proof/,
    (made) => {
      Object.assign(made, { proved: true });
      Object.assign(made.claims, { cnf: { jkt: made.jkt } });
    },
  ],
  [/^Get a token from https:\/\/login\.example\.com\.$/, (made) => Object.assign(made, { issuer: 'corp' })],
  [/^Call (\S+), if that is meant\.$/, (made, [tool]) => Object.assign(made, { tool })],
  [/^Add "(\w+)" to issuers\.$/, ({ files }, [key = '']) => Object.assign(files, { issuers: ['corp', key] })],
  [/^Write actors: (\[.*\])\.$/, ({ files }, [actors = '']) => Object.assign(files, { actors: JSON.parse(actors) })],
  [
    /^Raise max_lifetime_seconds from \d+ to (\d+)\.$/,
    ({ files }, [limit]) => Object.assign(files, { max_lifetime_seconds: Number(limit) }),
  ],
  [
    /^Raise clock_tolerance_seconds of issuer "(corp|partner)" to (\d+)\.$/,
    ({ issuers }, [key, seconds]) =>
      Object.assign(issuers[key === 'partner' ? key : 'corp'], { clock_tolerance_seconds: Number(seconds) }),
  ],
  [
    /^Add "(.+)": \{ scopes: \[(.*)\] \} to (\w+)\.$/,
    ({ files }, [name = '', scopes = '', listing = '']) =>
      Object.assign(files, { [listing]: { ...object(files[listing]), [name]: { scopes: words(scopes) } } }),
  ],
];

const words = (list: string) => list.split(', ').filter(Boolean);

/** @throws on a sentence that says nothing to do: a reader could not do it either */
export function makeChanges(changes: readonly Change[], made: Made): void {
  for (const { change } of changes) {
    const known = SENTENCES.flatMap(([pattern, make]) => {
      const found = pattern.exec(change);
      return found === null ? [] : [() => make(made, found.slice(1))];
    });
    const [make] = known;
    if (make === undefined) throw new Error(`nobody knows how to: ${change}`);
    make();
  }
}
