/** The calls that the demonstration makes, each with the token that it carries and the answer that it must get. */
import { generateKeyPair, SignJWT } from 'jose';
import type { World, WorldParts } from './world.ts';

export interface Row {
  /** Route and tool, as the table prints them. */
  readonly server: 'files' | 'billing';
  readonly tool: string;
  readonly token: string;
  readonly expected: { readonly status: number; readonly reason: string | null };
  readonly mint: () => Promise<string>;
}

interface TokenRequest {
  readonly client?: string;
  readonly resource: string | readonly string[];
  readonly scope?: string;
}

/** The first table: nobody looks at `aud`. */
export function unprotectedRows(world: World, parts: WorldParts): readonly Row[] {
  const ask = tokenEndpoint(world, parts);
  return [
    row('files', 'read_file', 'for files', 200, null, () => ask({ resource: world.files, scope: 'files:read' })),
    row('files', 'read_file', 'for billing', 200, null, () => ask({ resource: world.billing, scope: 'billing:read' })),
  ];
}

/** The second table: the same proxy asks audgate first. */
export function protectedRows(world: World, parts: WorldParts): readonly Row[] {
  const { files, billing, login, stranger, proxy } = world;
  const ask = tokenEndpoint(world, parts);
  const claims = (resource: string) => {
    const iat = Math.floor(parts.now() / 1000);
    return {
      iss: login.issuer,
      sub: 'agent',
      client_id: 'agent',
      jti: parts.newId(),
      aud: resource,
      iat,
      exp: iat + 300,
      scope: 'files:read',
    };
  };
  const read = (token: string, status: number, reason: string | null, mint: Row['mint']) =>
    row('files', 'read_file', token, status, reason, mint);
  const scope = 'files:read';
  return [
    read('for billing', 401, 'audience_mismatch', () => ask({ resource: billing, scope: 'billing:read' })),
    read('for files', 200, null, () => ask({ resource: files, scope })),
    row('billing', 'list_invoices', 'for billing', 200, null, () => ask({ resource: billing, scope: 'billing:read' })),
    row('billing', 'list_invoices', 'for files', 401, 'audience_mismatch', () => ask({ resource: files, scope })),
    read('for files and billing', 401, 'audience_not_exclusive', () => ask({ resource: [files, billing], scope })),
    read('for the parent URL', 401, 'audience_mismatch', () => ask({ resource: proxy, scope })),
    read('with a trailing slash', 401, 'audience_mismatch', () => ask({ resource: `${files}/`, scope })),
    row('files', 'write_file', 'without files:write', 403, 'scope_insufficient', () => ask({ resource: files, scope })),
    row('files', 'delete_file', 'for files', 403, 'tool_unknown', () => ask({ resource: files, scope })),
    read("with a day's lifetime", 401, 'lifetime_exceeded', () =>
      ask({ client: 'night-batch', resource: files, scope }),
    ),
    read('expired', 401, 'token_expired', () => ask({ client: 'stale-cache', resource: files, scope })),
    read('signed by a foreign key', 401, 'signature_invalid', async () => {
      const { privateKey } = await generateKeyPair('ES256');
      return new SignJWT(claims(files))
        .setProtectedHeader({ alg: 'ES256', kid: 'demo-1', typ: 'at+jwt' })
        .sign(privateKey);
    }),
    read('an ID token', 401, 'token_type_not_allowed', () => ask({ resource: files, scope: 'openid' }, 'id_token')),
    read('of another issuer', 401, 'issuer_unknown', () => stranger.sign({ ...claims(files), iss: stranger.issuer })),
    read('none', 401, 'token_missing', async () => ''),
  ];
}

function row(
  server: Row['server'],
  tool: string,
  token: string,
  status: number,
  reason: string | null,
  mint: Row['mint'],
): Row {
  return { server, tool, token, expected: { status, reason }, mint };
}

/** Client credentials with `resource` over HTTP, as an agent does it. */
function tokenEndpoint({ login }: World, { fetch }: WorldParts) {
  return async (
    { client = 'agent', resource, scope }: TokenRequest,
    member: 'access_token' | 'id_token' = 'access_token',
  ) => {
    const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: client, client_secret: 'demo' });
    for (const value of [resource].flat()) form.append('resource', value);
    if (scope !== undefined) form.set('scope', scope);
    const answer = await fetch(`${login.issuer}/token`, { method: 'POST', body: form });
    const body = (await answer.json()) as Readonly<Record<string, unknown>>;
    const token = body[member];
    if (!answer.ok || typeof token !== 'string') throw new Error(`the demo's token endpoint answered ${answer.status}`);
    return token;
  };
}
