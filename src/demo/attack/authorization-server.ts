/**
 * The demonstration's authorization server with token exchange (RFC 8693) and a hook. Without the hook it is as lax as many
 * are: whoever holds a token of its may have one for any resource. With it, audgate is asked before anything is issued.
 */
import { Hono } from 'hono';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { type IssuanceDecision, type IssuanceQuestion, TOKEN_EXCHANGE } from '../../decision/issuance.ts';
import { type AuthorizationServer, createAuthorizationServer, type DemoClient } from '../authorization-server.ts';

export interface ExchangingParts {
  readonly issuer: string;
  readonly clients: ReadonlyMap<string, DemoClient>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly newId: () => string;
  readonly fetch: typeof globalThis.fetch;
  /** Where the hook asks; null: there is none. */
  readonly audgate: () => string | null;
  readonly onDecision: (decision: IssuanceDecision) => void;
}

/** Seconds. */
const LIFETIME = 300;

export async function createExchangingServer(parts: ExchangingParts): Promise<AuthorizationServer> {
  const { issuer, clients } = parts;
  const { app: inner, sign } = await createAuthorizationServer(parts);
  const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`));
  const app = new Hono();

  app.post('/token', async (c) => {
    const text = await c.req.text();
    const form = new URLSearchParams(text);
    const grant = form.get('grant_type');
    const client_id = form.get('client_id') ?? '';
    const asked = { client_id, resources: form.getAll('resource'), scope: form.get('scope') ?? undefined };
    if (grant !== TOKEN_EXCHANGE) {
      const refused = await ask({ issuer, grant: 'client_credentials', ...asked });
      if (refused.kind === 'refused') return c.json(refused.body, 400);
      return inner.request('/token', { method: 'POST', headers: { 'content-type': FORM }, body: text });
    }
    const client = clients.get(client_id);
    if (client === undefined || client.secret !== form.get('client_secret'))
      return c.json({ error: 'invalid_client' }, 401);
    const { payload: subject } = await jwtVerify(form.get('subject_token') ?? '', keys, { issuer });
    const answer = await ask({
      issuer,
      grant: TOKEN_EXCHANGE,
      ...asked,
      bound: {
        resources: [subject.aud ?? []].flat(),
        client_id: String(subject.client_id),
        scope: String(subject.scope ?? ''),
        ...(subject.exp !== undefined && { expires_at: subject.exp }),
      },
    });
    if (answer.kind === 'refused') return c.json(answer.body, 400);
    const [target = ''] = asked.resources;
    const {
      aud,
      scope,
      expires_in: lifetime,
    } = answer.issue ?? { aud: target, scope: asked.scope ?? '', expires_in: LIFETIME };
    const expires_in = Math.min(lifetime, LIFETIME);
    const iat = Math.floor(parts.now() / 1000);
    const claims = { iss: issuer, sub: String(subject.sub), client_id, jti: parts.newId(), aud, scope };
    const access_token = await sign({ ...claims, iat, exp: iat + expires_in });
    return c.json({ token_type: 'Bearer', issued_token_type: ACCESS_TOKEN, expires_in, scope, access_token });
  });
  app.all('*', (c) => inner.fetch(c.req.raw));

  /** @returns what may be issued, where somebody says so */
  async function ask(question: IssuanceQuestion) {
    const asked = parts.audgate();
    if (asked === null) return { kind: 'issue', issue: null } as const;
    const answer = await parts.fetch(`${asked}/v1/issuance/decide`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(question),
    });
    if (answer.status !== 200) return { kind: 'refused', body: { error: 'temporarily_unavailable' } } as const;
    const decision = (await answer.json()) as IssuanceDecision;
    parts.onDecision(decision);
    if (decision.decision === 'allow') return { kind: 'issue', issue: decision.issue } as const;
    const error = decision.decision === 'deny' ? decision.error : 'temporarily_unavailable';
    return { kind: 'refused', body: { error } } as const;
  }
  return { app, sign };
}

const FORM = 'application/x-www-form-urlencoded';
/** RFC 8693 §3 */
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
