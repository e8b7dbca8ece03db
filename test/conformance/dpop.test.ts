/** DPoP through each real gateway, with the files of `examples/`: the proof gets to audgate, and the nonce to the client. */
import { writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { CALLS, messageOf } from '../../conformance/cases/calls.ts';
import { GATEWAYS } from '../../conformance/cases/case.ts';
import { OWN, startStage } from '../../conformance/started.ts';
import { placesAt } from '../../conformance/world/registry.ts';
import { createNonces } from '../../src/facts/proof/nonces.ts';
import { createTestHolder } from '../../src/testing/holder.ts';
import { scratch } from '../e2e/start.ts';

const SECRET = 'conformance-only-0123456789abcdef0123456789abcdef';
const NONCES = createNonces({ secrets: [Buffer.from(SECRET)], max_age_seconds: 3600 });
const BODY = messageOf(CALLS.read_file, 'dpop');
const CALL = {
  'content-type': 'application/json',
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': 'tools/call',
  'mcp-name': 'read_file',
};

interface Answer {
  readonly status: number;
  readonly challenge: string | undefined;
  readonly nonce: string | undefined;
}

/** Header lines as given: `fetch` would join two of a name. */
function post(url: string, token: string, dpop: readonly string[]): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { ...CALL, authorization: `DPoP ${token}`, dpop: [...dpop], 'content-length': String(BODY.length) };
    const sent = request(url, { method: 'POST', headers, agent: false }, (answer) => {
      answer.resume();
      answer.once('end', () => {
        const { 'www-authenticate': challenge, 'dpop-nonce': nonce } = answer.headers;
        resolve({ status: answer.statusCode ?? 0, challenge, nonce: nonce === undefined ? undefined : String(nonce) });
      });
    });
    sent.once('error', reject).end(BODY);
  });
}

test.each(GATEWAYS)('%s', { timeout: 60_000 }, async (gateway) => {
  const secret_file = join(await scratch(), 'nonce.secret');
  await writeFile(secret_file, SECRET);
  const proofs = { nonce: { secret_file, max_age_seconds: 3600 } };
  const stage = await startStage(gateway, await OWN[gateway](), { proofs });
  onTestFinished(stage.stop);
  const places = placesAt(stage.url);
  const holder = await createTestHolder();
  const token = await stage.issuer.token(places, { claims: { cnf: holder.cnf } });
  const now = () => Math.floor(Date.now() / 1000);
  const proof = (nonce?: string) =>
    holder.prove({ token, resource: places.files, ...(nonce !== undefined && { nonce }) });
  const ask = (...dpop: readonly string[]) => post(places.files, token, dpop);

  const first = await ask(await proof());
  expect(first).toEqual({
    status: 401,
    challenge: expect.stringMatching(/^DPoP error="use_dpop_nonce"/),
    nonce: expect.stringMatching(/^[\w-]{20,}$/),
  });

  const right = await proof(first.nonce);
  expect(await ask(right)).toEqual({ status: 200, challenge: undefined, nonce: undefined });
  const refused = {
    status: 401,
    challenge: expect.stringMatching(/^DPoP error="invalid_dpop_proof"/),
    nonce: undefined,
  };
  expect(await ask(right)).toEqual(refused);
  expect(await ask(await proof(first.nonce), await proof(first.nonce))).toEqual(refused);
  expect(await ask()).toEqual(refused);

  const ageing = await ask(await proof(NONCES.issue('files', now() - 2000)));
  expect(ageing).toEqual({ status: 200, challenge: undefined, nonce: expect.stringMatching(/^[\w-]{20,}$/) });
  expect((await ask(await proof(ageing.nonce))).status).toBe(200);
  expect(stage.upstreams.map((upstream) => upstream.arrivals().length)).toEqual([3, 0]);
});
