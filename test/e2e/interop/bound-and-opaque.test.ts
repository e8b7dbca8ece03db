/** Tokens of `oidc-provider` that are bound to certificates of openssl, and opaque ones that it is asked about. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as dpop from 'dpop';
import { expect, test } from 'vitest';
import { createAuthority } from '../../http/certificates.ts';
import { recordOf } from '../oidc/mcp-server.ts';
import { scratch, start } from '../start.ts';
import { SECRET, startAuthorizationServer } from './authorization-server.ts';
import { createClient } from './client.ts';

const FILES = 'https://files.example.com/mcp';
const BILLING = 'https://billing.example.com/mcp';
const READ_FILE = { method: 'tools/call', tool: 'read_file' };

test('a token that is bound to a certificate opens with that certificate alone', async () => {
  const { issuer, connection } = await startAuthorizationServer(() => ({}));
  const servers = { files: { ...recordOf(FILES), sender_constraint: 'mtls' } };
  const corp = { issuer, discovery: true, algorithms: ['ES256'] };
  const audgate = await start({ registry: { issuers: { corp }, servers } });
  const authority = await createAuthority();
  const [own, other] = [await authority.issue('DNS:client.example'), await authority.issue('DNS:other.example')];
  const client = await createClient(issuer, 'mtls-app');
  const token = await client.token(FILES, { headers: connection(own.certificate) });
  const asked = async (certificate?: string) => {
    const proof = certificate === undefined ? {} : { proof: { client_certificate: certificate } };
    const { decision, reasons } = await audgate.decide({ server: FILES, token, call: READ_FILE, ...proof });
    return [decision, ...reasons.map(({ code }) => code)].join(' ');
  };
  expect(await asked(own.certificate)).toBe('allow');
  expect(await asked(other.certificate)).toBe('deny certificate_mismatch');
  expect(await asked()).toBe('deny certificate_missing');
});

test('an opaque token opens what its issuer says, to whom it was issued, until it is revoked', async () => {
  const { issuer } = await startAuthorizationServer(() => ({ [FILES]: 'opaque', [BILLING]: 'opaque' }));
  const folder = await scratch();
  await writeFile(join(folder, 'secret'), SECRET);
  const secret = { client_id: 'server', method: 'client_secret_post', secret_file: join(folder, 'secret') };
  const audgate = await start({
    registry: {
      issuers: {
        corp: { issuer, introspection: { endpoint: `${issuer}/token/introspection` }, algorithms: ['ES256'] },
      },
      servers: { files: recordOf(FILES), billing: recordOf(BILLING) },
    },
    config: { introspection: { credentials: { files: secret, billing: secret }, cache_seconds: 0 } },
  });
  const client = await createClient(issuer);
  const keys = await dpop.generateKeyPair('ES256');
  const [token, foreign, bound] = [
    await client.token(FILES),
    await client.token(BILLING),
    await client.token(FILES, { headers: { dpop: await dpop.generateProof(keys, `${issuer}/token`, 'POST') } }),
  ];
  expect(token).not.toContain('.');
  const asked = async (question: object) => {
    const { decision, reasons } = await audgate.decide({ server: FILES, call: READ_FILE, ...question });
    return [decision, ...reasons.map(({ code }) => code)].join(' ');
  };
  expect(await asked({ token })).toBe('allow');
  expect(await asked({ token: foreign })).toBe('deny audience_mismatch');
  expect(await asked({ token: `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}` })).toBe('deny token_inactive');
  const proof = { dpop: [await dpop.generateProof(keys, FILES, 'POST', undefined, bound)] };
  const proved = { token: bound, scheme: 'DPoP', http: { method: 'POST' }, proof };
  expect(await asked({ token: bound })).toBe('deny proof_missing');
  expect(await asked(proved)).toBe('allow');
  expect(await asked(proved)).toBe('deny proof_replayed');
});
