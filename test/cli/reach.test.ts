/** `audgate reach`: one token at every server, claims in its place, and the matrix of a registry. */
import { readFile } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host } from '../../src/cli/host.ts';
import { exitOfMatrix, exitOfReach } from '../../src/cli/reach/add.ts';
import { printMatrix } from '../../src/cli/reach/print-matrix.ts';
import { printReach } from '../../src/cli/reach/print-reach.ts';
import type { Reach } from '../../src/decision/reach.ts';
import { matrixOf } from '../../src/reach/matrix.ts';
import { alsoAccepting, NOW, registryOf as registryFor, snapshotOf } from '../reach/registries.ts';
import { createWorld, FILES, registryOf, type World } from './audgate.ts';
import { inProcess } from './in-process.ts';

let world: World & { key: Parameters<typeof registryOf>[0]; close(): Promise<void> };
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

const reach = (args: readonly string[], stdin?: string) =>
  inProcess(['reach', '--registry', world.registry, ...args], stdin === undefined ? {} : { stdin });
const DAY_MS = 86_400_000;

/** What a printer writes. */
function printed(print: (host: Pick<Host, 'stdout' | 'env'>) => void): string {
  let text = '';
  const stdout = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  print({ stdout, env: {} });
  return text;
}

/** A registry in which two servers take the same audience, each by a waiver. */
async function waived(): Promise<string> {
  const registry = registryOf(world.key);
  const waiver = {
    what: 'audience',
    issuer: 'corp',
    client_id: 'client-1',
    audience: 'api://default',
    owner: 'team-move',
    reason: 'a move',
    until: new Date(Date.now() + 30 * DAY_MS).toISOString(),
  };
  const { files, billing } = registry.servers;
  const servers = {
    files: { ...files, waivers: [{ ...waiver, operations: ['tools/call read_file'] }] },
    billing: { ...billing, waivers: [{ ...waiver, operations: ['tools/list'] }] },
  };
  return world.write('waived.json', JSON.stringify({ ...registry, servers }));
}

describe('of a token', () => {
  it('says what it opens, and what refuses it', async () => {
    const ran = await reach([], await world.token());
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    expect(ran.stdout).toMatch(/opens 1 of 2 servers/);
    expect(ran.stdout).toMatch(/files\ttool read_file\t20/);
    expect(ran.stdout).toMatch(/refused at billing: audience_mismatch/);
    expect(ran.stdout).not.toContain('audgate revoke');
  });

  it('is verified: one that somebody else signed opens nothing', async () => {
    const ran = await reach(['--json'], await world.token({ sign: 'foreign_key' }));
    expect(JSON.parse(ran.stdout)).toMatchObject({
      verified: false,
      servers: [],
      closed: [{ codes: ['signature_invalid'], count: 2 }],
    });
  });

  it('and of one that leaked, how to withdraw it, which works as it stands', async () => {
    const file = await world.write('revoked.jsonl', '');
    const token = await world.token();
    const ran = await reach(['--leaked', '--revoked', file], token);
    const [command = ''] = /audgate revoke .*/.exec(ran.stdout) ?? [];
    expect(command).toMatch(
      /^audgate revoke --file \S+revoked\.jsonl --by jti --issuer corp --value [0-9a-f-]{36} --until 20/,
    );
    expect((await inProcess(command.split(' ').slice(1))).code).toBe(0);
    const again = await reach(['--revoked', file], token);
    expect(again.stdout).toMatch(/opens nothing by itself[\s\S]*refused at .*token_revoked/);
    expect(ran.stdout + again.stdout).not.toContain(token.split('.')[1]);
  });

  it('that opens two servers by waivers says by whose, and is no fault', async () => {
    const registry = await waived();
    const stdin = await world.token({ aud: 'api://default' });
    const ran = await inProcess(['reach', '--registry', registry], { stdin });
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/opens 2 of 2 servers[\s\S]*audience waiver of team-move, ends/);
  });

  it('that opens two servers without any is one, though nobody knows of a third', async () => {
    const operation = { kind: 'tool', name: 'a', needs: [], valid_until: '', waivers: [], would_deny: [] } as const;
    const ran = await reach(['--json'], await world.token());
    const found: Reach = JSON.parse(ran.stdout);
    const [files] = found.servers;
    if (files === undefined) throw new Error(ran.stdout);
    const third = { codes: ['keys_unavailable' as const], count: 1, servers: [], reasons: [] };
    const other = { ...files, server: 'billing', operations: [operation] };
    expect(exitOfReach({ ...found, servers: [files, other], unknown: [third] })).toBe(1);
    expect(exitOfReach({ ...found, unknown: [third] })).toBe(3);
    const text = printed((host) => printReach({ ...found, servers: [files, other] }, false, {}, host));
    expect(text).toMatch(/One token must open one server, and this one opens files, billing/);
  });
});

describe('of claims', () => {
  const claims = (more: object = {}) => {
    const iat = Math.floor(Date.now() / 1000);
    const right = {
      iss: 'https://login.example.com',
      aud: FILES,
      sub: 'u',
      client_id: 'c',
      jti: 'j',
      scope: 'files:read',
    };
    return world.write('claims.json', JSON.stringify({ ...right, iat, exp: iat + 300, ...more }));
  };

  it('says that nobody verified them', async () => {
    const ran = await reach(['--claims', await claims(), '--leaked']);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/claims, which nobody verified[\s\S]*files\ttool read_file/);
    expect(ran.stdout).toMatch(/Nobody verified these claims/);
  });

  it('draws what they open', async () => {
    const file = `${world.folder}/token.svg`;
    expect((await reach(['--claims', await claims(), '--svg', file])).code).toBe(0);
    expect(await readFile(file, 'utf8')).toMatch(/^<svg /);
  });
});

describe('of a registry', () => {
  it('is empty off its diagonal', async () => {
    const ran = await reach(['--matrix', '--json']);
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    expect(JSON.parse(ran.stdout)).toMatchObject({ servers: ['billing', 'files'], open: [], waived: [], blind: [] });
  });

  it('is what an empty standard input means, and it says so', async () => {
    const ran = await reach([]);
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining('No token of one server opens another') });
    expect(ran.stderr).toContain('no token on standard input');
  });

  it('that is not ends with 1, and names cell, token and what to change', async () => {
    const loaded = registryFor({ billing: {}, files: {} });
    const found = await matrixOf(snapshotOf(alsoAccepting(loaded, 'billing', FILES)), { now: NOW });
    expect(exitOfMatrix(found)).toBe(1);
    const text = printed((host) => printMatrix(found, host));
    expect(text).toContain('A token of files opens billing');
    expect(text).toContain(`issuer corp, client any, aud ${FILES}: *`);
    expect(text).toMatch(/give each an audience of its own \(registry\.yaml/);
    expect(text).not.toContain('No token of one server opens another');
    const whole = await matrixOf(snapshotOf(loaded), { now: NOW });
    expect([exitOfMatrix(whole), exitOfMatrix({ ...whole, unknown: 1 })]).toEqual([0, 3]);
    const blind = { server: 'files', token: { issuer: 'corp', client_id: null, audiences: [] }, codes: [] };
    expect(exitOfMatrix({ ...whole, blind: [blind] })).toBe(1);
  });

  it('lists waivers with owner and end', async () => {
    const ran = await inProcess(['reach', '--registry', await waived(), '--matrix']);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(
      /billing\tfiles\tissuer corp, client client-1, aud api:\/\/default\ttools\/call read_file\taudience/,
    );
  });

  it('tells of its progress where it takes long', async () => {
    const { issuers, servers } = registryOf(world.key);
    const many = Array.from({ length: 200 }, (_, at) => {
      return [`s${at}`, { ...servers.files, resource: `https://s${at}.example.com/mcp` }] as const;
    });
    const registry = await world.write('many.json', JSON.stringify({ issuers, servers: Object.fromEntries(many) }));
    const ran = await inProcess(['reach', '--registry', registry, '--matrix', '--json']);
    expect([ran.code, JSON.parse(ran.stdout).judged]).toEqual([0, 200 * 200]);
    expect(ran.stderr.split('\n')[0]).toBe('audgate: tokens of 20 of 200 servers are judged');
  });
});

it.each([
  [['--leaked'], /--leaked is about one token/],
  [['--at', 'soon', '--matrix'], /--at must be a time/],
  [['--matrix', '--claims', 'x'], /cannot be used with/],
  [['--claims', 'nowhere.json'], /does not exist/],
  [['--matrix', '--svg', '/nowhere/x.svg'], /--svg .*cannot be written \(ENOENT\)/],
])('%j is wrong usage', async (args, told) => {
  const ran = await reach(args);
  expect([ran.code, ran.stdout]).toEqual([2, '']);
  expect(ran.stderr).toMatch(told);
});
