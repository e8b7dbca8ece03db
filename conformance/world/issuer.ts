/** The authorization server of a run: a fresh key, its key set over HTTP, and every token that the cases name. */
import { createServer } from 'node:http';
import type { JsonObject } from '../../src/json/value.ts';
import { createIssuerKey, mint, type TokenSpec } from '../../src/testing/mint.ts';
import { TOKENS, type TokenRecipe } from '../cases/tokens.ts';
import { type HostPort, type Listening, listen } from './listen.ts';

export const ISS = 'https://login.example.com';

export interface Issuer {
  readonly jwks: HostPort;
  /** Token texts by name, for this gateway. Fresh each time: they live for five minutes. */
  tokens(places: Places): Promise<ReadonlyMap<string, string>>;
  /** One more token for files, and how it departs from a right one. */
  token(places: Places, spec: TokenSpec): Promise<string>;
  stop(): Promise<void>;
}

export interface Places {
  /** The gateway's URL without a path. */
  readonly origin: string;
  readonly files: string;
  readonly billing: string;
}

/** @param at port 0: any free one */
export async function startIssuer(at: HostPort): Promise<Issuer> {
  // Another name each run: audgate may still hold the last run's keys, and must then look for this one.
  const key = await createIssuerKey(`conformance-${Date.now()}`, 'ES256');
  const stranger = await createIssuerKey('stranger', 'ES256');
  const body = JSON.stringify({ keys: [key.jwk] });
  const server: Listening = await listen(
    createServer((_, answer) => answer.setHeader('content-type', 'application/json').end(body)),
    at,
  );
  const make = async (name: string, recipe: TokenRecipe, places: Places): Promise<readonly [string, string]> => {
    const { text, stranger: isStranger = false, claims = {}, ...spec } = recipe;
    const right = {
      issuer: isStranger ? 'https://stranger.example.com' : ISS,
      type: 'at+jwt',
      audience: places.files,
      scopes: ['files:read'],
      token_id: `${name}-${Date.now()}`,
      now: Math.floor(Date.now() / 1000),
    };
    const put = (text: string) =>
      text.replaceAll(/\{(files|billing|origin)\}/g, (_, place: keyof Places) => places[place]);
    const located = JSON.parse(put(JSON.stringify(claims))) as JsonObject;
    const token = await mint(isStranger ? stranger : key, right, { ...spec, claims: located });
    if (text === 'as one word') return [name, 'opaque-0123456789abcdef'];
    return [name, text === 'without signature' ? token.slice(0, token.lastIndexOf('.') + 1) : token];
  };
  return {
    jwks: server.at,
    async tokens(places) {
      const made = await Promise.all(Object.entries(TOKENS).map(([name, recipe]) => make(name, recipe, places)));
      return new Map(made);
    },
    token: async (places, spec) => (await make('own', spec, places))[1],
    stop: server.stop,
  };
}
