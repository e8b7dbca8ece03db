/** What is measured: 200 servers of 20 tools, and really signed tokens for them, recurring or all different. */
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

export const SERVERS = 200;
export const TOOLS = 20;

export type Algorithm = 'ES256' | 'RS256';
export type Warmth = 'hot' | 'cold';
export type Outcome = 'allow' | 'deny';

export interface Scenario {
  readonly algorithm: Algorithm;
  readonly warmth: Warmth;
  readonly outcome: Outcome;
}

/** Tokens of a scenario: recurring ones all stay cached; distinct ones are twice what audgate's cache holds. */
const TOKENS: Readonly<Record<Warmth, number>> = { hot: 100, cold: 20_000 };

/** Seconds a token lives: longer than a run, and what the servers accept. */
const LIFETIME = 3600;

export const ISSUER = 'http://127.0.0.1/issuer';
export const resourceOf = (server: number) => `https://s${server}.example.com/mcp`;

export interface IssuerKey {
  readonly algorithm: Algorithm;
  readonly jwk: Readonly<Record<string, unknown>>;
  readonly privateKey: CryptoKey;
}

export async function createIssuerKey(algorithm: Algorithm): Promise<IssuerKey> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm);
  const jwk = { ...(await exportJWK(publicKey)), kid: algorithm, alg: algorithm, use: 'sig' };
  return { algorithm, jwk, privateKey };
}

/** As an operator writes it, with both keys inline: fetching keys is not what is measured. */
export function registryOf(keys: readonly IssuerKey[], servers: number = SERVERS): object {
  const tools = Object.fromEntries(range(TOOLS).map((tool) => [`tool_${tool}`, { scopes: [`scope:${tool}`] }]));
  return {
    issuers: {
      bench: {
        issuer: ISSUER,
        jwks: { keys: keys.map(({ jwk }) => jwk) },
        algorithms: keys.map(({ algorithm }) => algorithm),
      },
    },
    servers: Object.fromEntries(
      range(servers).map((server) => [
        `s${server}`,
        { resource: resourceOf(server), issuers: ['bench'], max_lifetime_seconds: LIFETIME, tools },
      ]),
    ),
  };
}

export interface Question {
  readonly server: string;
  readonly tool: string;
  readonly token: string;
}

/** Questions of a scenario, spread over servers and tools. A denied one asks with the neighbour's token. */
export async function questionsOf(
  { warmth, outcome }: Pick<Scenario, 'warmth' | 'outcome'>,
  key: IssuerKey,
  now: number,
  servers: number = SERVERS,
): Promise<readonly Question[]> {
  const questions: Question[] = [];
  for (const index of range(TOKENS[warmth])) {
    const server = index % servers;
    const tool = index % TOOLS;
    const issued = outcome === 'allow' ? server : (server + 1) % servers;
    const token = await new SignJWT({
      iss: ISSUER,
      sub: `user-${index}`,
      client_id: 'client-1',
      jti: `token-${index}`,
      aud: resourceOf(issued),
      iat: now,
      exp: now + LIFETIME,
      scope: `scope:${tool}`,
    })
      .setProtectedHeader({ alg: key.algorithm, kid: key.algorithm, typ: 'at+jwt' })
      .sign(key.privateKey);
    questions.push({ server: resourceOf(server), tool: `tool_${tool}`, token });
  }
  return questions;
}

const range = (length: number) => Array.from({ length }, (_, index) => index);
