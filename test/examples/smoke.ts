/** What every example that hands the body on must show, through the real gateway. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { StartGateway } from '../../conformance/gateways/gateway.ts';
import { IDENTITY_HEADERS } from '../../src/decide/identity.ts';
import { type Answer, type Arrival, CALL, openWorld, type World } from './gateway-world.ts';

export interface Example {
  /** Folder below `examples/`. */
  readonly folder: string;
  readonly start: StartGateway;
}

export function smoke({ folder, start }: Example): void {
  describe(`examples/${folder}`, () => {
    test('a right token reaches its server, with audgate’s word for who calls and none of the client’s', async () => {
      const { issuer, resources, ask, arrivals } = await openWorld(start);
      const token = await issuer.token(resources.files);
      const body = Buffer.from(CALL.replace('/a', '/{http.request.uri} {x} \\\\{y} ü %20'));
      const headers = [
        ['X-Audgate-Subject', 'mallory'],
        ['x-audgate-actor', 'mallory'],
        ['X-AUDGATE-Tier', 'gold'],
        ['X-Audgate-Key', 'guess'],
        ['X-Forwarded-Uri', '/billing/mcp'],
        ['X-Forwarded-Method', 'GET'],
        ['X-Original-URI', '/billing/mcp'],
      ] as const;

      const answer = await ask({ token, path: '/files/mcp?a=1', headers, body });

      expect(answer).toMatchObject({ status: 200, body: 'files did it' });
      expect(arrivals).toHaveLength(1);
      const [arrival] = arrivals;
      expect(arrival).toMatchObject({ server: 'files', method: 'POST', target: '/files/mcp?a=1' });
      expect(arrival?.body.equals(body)).toBe(true);
      expect(audgateHeaders(arrival)).toEqual([...IDENTITY_HEADERS].sort());
      expect(arrival?.headers).toMatchObject({
        'x-audgate-subject': 'user-1',
        'x-audgate-actor': '',
        'x-audgate-server': 'files',
      });
    });

    test('the client cannot have audgate’s word taken out on the way, or write it in another spelling', async () => {
      const { issuer, resources, ask, arrivals } = await openWorld(start);
      const token = await issuer.token(resources.files);
      await ask({ token, headers: [['Connection', 'close, X-Audgate-Subject, X-Audgate-Identity']] });
      await ask({ token, headers: [['X_Audgate_Subject', 'mallory']] });
      await ask({ token, headers: [['x-audgate_subject', 'mallory']] });

      expect(arrivals.length).toBeGreaterThan(0);
      for (const arrival of arrivals) {
        expect(audgateHeaders(arrival)).toEqual([...IDENTITY_HEADERS].sort());
        expect(arrival.rawHeaders.join()).not.toContain('mallory');
      }
    });

    test('a token for the neighbour, and none, are refused with one challenge that names the right metadata', async () => {
      const { gateway, issuer, resources, ask, arrivals } = await openWorld(start);
      const metadata = `resource_metadata="${gateway.url}/.well-known/oauth-protected-resource/files/mcp"`;

      const foreign = await ask({ token: await issuer.token(resources.billing) });
      expect(foreign.status).toBe(401);
      expect(challenges(foreign)).toEqual([expect.stringContaining('error="invalid_token"')]);
      expect(challenges(foreign)).toEqual([expect.stringContaining(metadata)]);

      const none = await ask();
      expect(none.status).toBe(401);
      expect(challenges(none)).toEqual([expect.stringMatching(/^Bearer (?!error)/)]);
      expect(challenges(none)).toEqual([expect.stringContaining(metadata)]);
      expect(arrivals).toEqual([]);
    });

    test('a missing scope is a 403 that says which one', async () => {
      const { issuer, resources, ask, arrivals } = await openWorld(start);
      const body = CALL.replace('read_file', 'write_file');
      const answer = await ask({ token: await issuer.token(resources.files), body });
      expect(answer.status).toBe(403);
      expect(challenges(answer)).toEqual([expect.stringMatching(/error="insufficient_scope".* scope="files:write"/)]);
      expect(arrivals).toEqual([]);
    });

    test('headers that say something else than the body are refused in JSON-RPC', async () => {
      const { issuer, resources, ask, arrivals } = await openWorld(start);
      const token = await issuer.token(resources.files);
      const headers = [
        ['Mcp-Method', 'tools/call'],
        ['Mcp-Name', 'write_file'],
        ['MCP-Protocol-Version', '2026-07-28'],
      ] as const;
      const answer = await ask({ token, headers });
      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.body)).toMatchObject({ jsonrpc: '2.0', id: null, error: { code: -32020 } });
      expect(arrivals).toEqual([]);
    });

    test('two credentials are none', async () => {
      const { issuer, resources, ask, arrivals } = await openWorld(start);
      const token = await issuer.token(resources.files);
      const two = await ask({ token, headers: [['Authorization', `Bearer ${token}`]] });
      expect(two.status).toBe(400);
      const query = await ask({ token, path: `/files/mcp?access_token=${token}` });
      expect(query.status).toBe(400);
      expect((await ask({ path: `/files/mcp?access_token=${token}` })).status).toBe(401);
      expect(arrivals).toEqual([]);
    });

    test('no spelling of a path takes a token for files to billing', async () => {
      const { issuer, resources, ask, arrivals } = await openWorld(start);
      const token = await issuer.token(resources.files);
      for (const path of ESCAPES) {
        const { status } = await ask({ token, path });
        expect.soft({ path, status }).not.toMatchObject({ status: 200 });
      }
      expect(arrivals).toEqual([]);
    });

    test('a body that is too large, declared or in chunks, does not pass', async () => {
      const { issuer, resources, ask, arrivals } = await openWorld(start);
      const token = await issuer.token(resources.files);
      const body = CALL.replace('/a', 'a'.repeat(600_000));
      const refused = (answer: Answer) => answer.status;
      // The gateway may close the connection while the client still sends.
      const closed = (error: NodeJS.ErrnoException) => error.code;
      const declared = await ask({ token, body }).then(refused, closed);
      const chunked = await ask({ token, body, chunked: true }).then(refused, closed);
      for (const outcome of [declared, chunked]) expect([413, 'ECONNRESET', 'EPIPE']).toContain(outcome);
      expect(arrivals).toEqual([]);
    });

    test('a stream of events arrives as it is sent', async () => {
      const { gateway, issuer, resources, release } = await openWorld(start);
      const headers = { authorization: `Bearer ${await issuer.token(resources.files)}`, accept: 'text/event-stream' };
      const answer = await new Promise<AsyncIterable<Buffer>>((resolve, reject) =>
        request(`${gateway.url}/files/mcp`, { headers }, resolve).once('error', reject).end(),
      );
      let text = '';
      for await (const piece of answer) {
        text += String(piece);
        // The second is sent only once the first was seen here.
        if (text === 'data: first\n\n') release();
      }
      expect(text).toBe('data: first\n\ndata: second\n\n');
    });

    test('protected resource metadata is audgate’s, and open', async () => {
      const { gateway, resources } = await openWorld(start);
      for (const key of ['files', 'billing'] as const) {
        const answer = await fetch(`${gateway.url}/.well-known/oauth-protected-resource/${key}/mcp`);
        expect(answer.status).toBe(200);
        expect(await answer.json()).toMatchObject({ resource: resources[key], scopes_supported: ['files:read'] });
      }
    });

    test('the README’s commands answer as it says', async () => commandsAnswer(folder, await openWorld(start)));
  });
}

/** Runs each `curl … # STATUS` of an example's README, with a token for files. */
export async function commandsAnswer(folder: string, { gateway, issuer, resources }: World): Promise<void> {
  const readme = await readFile(new URL(`../../examples/${folder}/README.md`, import.meta.url), 'utf8');
  const commands = [...readme.matchAll(/^(curl .*?) # (\d{3})$/gm)];
  expect(commands.length).toBeGreaterThanOrEqual(2);
  for (const [, command = '', status] of commands) {
    const here = command.replaceAll('http://127.0.0.1:8080', gateway.url);
    const env = { ...process.env, TOKEN: await issuer.token(resources.files) };
    const { stdout } = await promisify(execFile)('sh', ['-c', here], { env });
    expect.soft({ command, status: /^HTTP\/1\.1 (\d{3})/.exec(stdout)?.[1] }).toEqual({ command, status });
  }
}

/** Each names billing, or something that becomes it, while the token is for files. */
export const ESCAPES = [
  '/billing/mcp',
  '/files/../billing/mcp',
  '/files/./../billing/mcp',
  '/files/%2e%2e/billing/mcp',
  '/files/%2E%2E/billing/mcp',
  '/files/..%2fbilling/mcp',
  '/files%2f..%2fbilling/mcp',
  '/files/..%5cbilling/mcp',
  '/files/..\\billing/mcp',
  '//billing/mcp',
  '/billing//mcp',
  '/billing%2fmcp',
  '/%62illing/mcp',
  '/BILLING/mcp',
  '/files/mcp/../../billing/mcp',
  '/files/mcp/%2e%2e/%2e%2e/billing/mcp',
  '/files/mcp/..;/..;/billing/mcp',
];

/** Names of all `x-audgate-*` headers that arrived, each as often as it came. */
export function audgateHeaders(arrival: Arrival | undefined): readonly string[] {
  const names = (arrival?.rawHeaders ?? []).filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase());
  return names.filter((name) => name.replaceAll('_', '-').startsWith('x-audgate-')).sort();
}

export function challenges({ rawHeaders }: Answer): readonly string[] {
  return rawHeaders.flatMap((name, at) =>
    at % 2 === 0 && name.toLowerCase() === 'www-authenticate' ? [rawHeaders[at + 1] ?? ''] : [],
  );
}
