/** Planted mistakes about the user behind a token: what an operation asks of their authentication, which details are known. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inProcess } from '../cli/in-process.ts';

const REGISTRY = `issuers:
  corp: { issuer: https://login.example.com, algorithms: [ES256], jwks_uri: https://login.example.com/jwks }
servers:
  bank:
    resource: https://bank.example.com/mcp
    issuers: [corp]
    max_lifetime_seconds: 900
    authorization_details_types: [payment]
    methods:
      tools/call: { authentication: { max_age_seconds: 3600 } }
      logging/setLevel: { authentication: { acr_values: [mfa] } }
      tasks/get: { authentication: { max_age_seconds: 0 } }
      prompts/get: { authentication: { acr_values: [mfa, phr] } }
    tools:
      balance: {}
      pay: { authentication: { acr_values: [mfa, phr], max_age_seconds: 300 } }
    prompts: { advice: { authentication: { acr_values: [mfa] } } }
    resources: { "file:///statements/*": { authentication: { max_age_seconds: 600 } } }
    unlisted_tools: { scopes: [bank:any], authentication: { acr_values: [phr] } }
`;
const HEAD = 'registry: ../registry.yaml\nnow: 2026-11-23T12:00:00Z\ncases:\n';
const RIGHT = `  - name: a right payment
    server: bank
    token: { issuer: corp, claims: { acr: mfa, auth_time: "-10", authorization_details: [{ type: payment }] } }
    call: { method: tools/call, tool: pay, arguments: {} }
    expect: { decision: allow, reasons: [], status: 200 }
`;
/** Notices that `pwd` is taken, which no suggestion names. */
const WEAK = `  - name: a password is not enough to pay
    server: bank
    token: { issuer: corp, claims: { acr: pwd, auth_time: "-10" } }
    call: { method: tools/call, tool: pay, arguments: {} }
    expect: { decision: deny, reasons: [authentication_insufficient], status: 401 }
`;

const folder = join(tmpdir(), `audgate-user-mutants-${crypto.randomUUID()}`);
beforeAll(() => mkdir(join(folder, 'cases'), { recursive: true }));
afterAll(() => rm(folder, { recursive: true }));

interface Part {
  readonly noticed: number;
  readonly survivors: readonly { readonly what: string; readonly case: string }[];
}

async function mutated(cases: string): Promise<Part> {
  await writeFile(join(folder, 'registry.yaml'), REGISTRY);
  await writeFile(join(folder, 'cases', 'one.yaml'), HEAD + cases);
  const { stdout, stderr } = await inProcess(['policy', 'test', folder, '--mutate', '--json']);
  if (stdout === '') throw new Error(stderr);
  const { registry }: { registry: Part } = JSON.parse(stdout);
  return registry;
}

const OURS = /authentication|acr|authorization details/;
const told = ({ survivors }: Part) => survivors.map(({ what }) => what).filter((what) => OURS.test(what));

test('each is listed with a case, and the cases notice all of them', async () => {
  const first = await mutated(RIGHT);
  expect(told(first).sort()).toEqual(
    [
      'bank takes authorization details of a type that it does not know',
      'bank: logging/setLevel no longer asks for an authentication of the user',
      'bank: logging/setLevel takes another acr too',
      // Of another value that the method takes too; what only the prompt takes opens nothing.
      'bank: prompts/get advice no longer asks for an authentication of the user',
      'bank: prompts/get advice takes another acr too',
      'bank: resources/read file:///statements/* no longer asks for an authentication of the user',
      'bank: resources/read file:///statements/* takes an authentication of 1260 seconds ago, not 600',
      'bank: tasks/get no longer asks for an authentication of the user',
      'bank: tasks/get takes an authentication of 60 seconds ago, not 0',
      'bank: tools/call no longer asks for an authentication of the user',
      'bank: tools/call of a tool that is not listed no longer asks for an authentication of the user',
      'bank: tools/call of a tool that is not listed takes another acr too',
      'bank: tools/call pay no longer asks for an authentication of the user',
      'bank: tools/call pay takes an authentication of 660 seconds ago, not 300',
      'bank: tools/call pay takes another acr too',
      'bank: tools/call takes an authentication of 7260 seconds ago, not 3600',
    ].sort(),
  );
  const pasted = first.survivors.filter(({ what }) => OURS.test(what)).map(({ case: written }) => written);
  expect(told(await mutated(RIGHT + pasted.join('')))).toEqual([]);
}, 60_000);

test('a case that names another weaker way notices too', async () => {
  expect(told(await mutated(RIGHT))).toContain('bank: tools/call pay takes another acr too');
  expect(told(await mutated(RIGHT + WEAK))).not.toContain('bank: tools/call pay takes another acr too');
}, 60_000);
