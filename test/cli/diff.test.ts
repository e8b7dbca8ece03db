/** `audgate diff` on registries and bundles as their authors change them. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPolicies, openToolchain } from '../../src/policy/custom.ts';
import { opaForTests } from '../policy/compiled.ts';
import { folderOf } from '../policy/folder.ts';
import { POLICIES } from '../testing/parts.ts';
import { createWorld, registryOf } from './audgate.ts';
import { inProcess } from './in-process.ts';

let world: Awaited<ReturnType<typeof createWorld>>;

beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

async function registryWith(files: object, others: object = {}): Promise<string> {
  const value = registryOf(world.key);
  const servers = { ...value.servers, files: { ...value.servers.files, ...files }, ...others };
  return world.write(`registry-${crypto.randomUUID()}.json`, JSON.stringify({ ...value, servers }));
}

async function bundleOf(rules: Readonly<Record<string, string>>): Promise<string> {
  const tools = await openToolchain(await opaForTests(), POLICIES);
  const built = await buildPolicies(tools, await folderOf(rules));
  if (!built.ok) throw new Error(JSON.stringify(built.problems));
  const file = join(world.folder, `${crypto.randomUUID()}.tar.gz`);
  await writeFile(file, built.bytes);
  return file;
}

async function diff(...args: readonly string[]) {
  const { code, stdout, stderr } = await inProcess(['diff', ...args, '--json']);
  return { code, stderr, found: stdout === '' ? null : JSON.parse(stdout) };
}

const asking = (authentication?: object) => ({
  tools: { read_file: { scopes: ['files:read'], ...(authentication && { authentication }) } },
});

const details = (...types: readonly string[]) => ({ authorization_details_types: types });

const waiver = (until: string) => ({
  what: 'audience',
  issuer: 'corp',
  client_id: 'desktop',
  audience: 'api://default',
  operations: ['tools/call read_file'],
  owner: 'team',
  reason: 'not yet',
  until,
});
const inDays = (days: number) => new Date(Math.floor(Date.now() / 1000) * 1000 + days * 86_400_000).toISOString();

describe('audgate diff', () => {
  it('of the same registry in another order says nothing', async () => {
    const { servers, ...rest } = registryOf(world.key);
    const turned = { servers: Object.fromEntries(Object.entries(servers).reverse()), ...rest };
    const { code, found } = await diff(world.registry, await world.write('turned.json', JSON.stringify(turned)));
    expect(code).toBe(0);
    expect(found).toMatchObject({ combinations: [], uncertain: [], widened: [] });
  });

  it('names what opens, with a token, and ends with 1; accepted by its name it ends with 0', async () => {
    const tools = { read_file: { scopes: ['files:read'] }, delete_file: { scopes: ['files:delete'] } };
    const after = await registryWith({ tools });
    const name = 'files tools/call delete_file corp';
    const { code, found } = await diff(world.registry, after);
    expect(code).toBe(1);
    expect(found.widened).toEqual([name]);
    expect(found.combinations).toMatchObject([
      { name, change: 'opens', lost: null, gained: { scopes: ['files:delete'] } },
    ]);
    expect(await diff(world.registry, after, '--accept', name)).toMatchObject({ code: 0, found: { accepted: [name] } });
    expect((await diff(world.registry, after, '--accept', 'files')).code).toBe(0);
    const other = await diff(world.registry, after, '--accept', 'files tools/call delete_fil corp');
    expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining('nothing of that name widens') });
    // The other way round it closes, which needs nobody's word.
    expect(await diff(after, world.registry)).toMatchObject({
      code: 0,
      found: { combinations: [{ name, change: 'closes' }] },
    });
  });

  it.each([
    ['a scope that is not needed any more', { tools: { read_file: { scopes: [] } } }, 'widens'],
    ['a scope in place of another', { tools: { read_file: { scopes: ['files:all'] } } }, 'shifts'],
    ['a scope that implies the needed one', { scope_implies: { admin: ['files:read'] } }, 'widens'],
    ['a scope more', { tools: { read_file: { scopes: ['files:read', 'more'] } } }, 'narrows'],
    ['a longer life', { max_lifetime_seconds: 3600 }, 'widens'],
    ['a shorter life', { max_lifetime_seconds: 60 }, 'narrows'],
    ['another spelling', { audiences: ['https://files.example.com/mcp/'] }, 'widens'],
    ['a required binding', { sender_constraint: 'dpop' }, 'narrows'],
    ['a requirement of authentication', asking({ acr_values: ['mfa'] }), 'narrows'],
    ['a type of authorization details', { authorization_details_types: ['payment'] }, 'widens'],
    ['actors', { actors: ['agent'] }, 'widens'],
    ['a waiver', { waivers: [waiver(inDays(20))] }, 'widens'],
  ])('sees %s', async (_, files, change) => {
    const { found } = await diff(world.registry, await registryWith(files));
    const read = found.combinations.find(({ name }: { name: string }) => name === 'files tools/call read_file corp');
    expect(read).toMatchObject({ change });
  });

  const mfa = { acr_values: ['mfa'] };
  const usual = { binding: null, context: null, authenticated: null, details: null };
  it.each<[string, object, object, string, object | null]>([
    ['one that is dropped', asking(mfa), asking(), 'widens', usual],
    ['one way more', asking(mfa), asking({ acr_values: ['mfa', 'pwd'] }), 'widens', { context: 'pwd' }],
    ['another way', asking(mfa), asking({ acr_values: ['pwd'] }), 'shifts', { context: 'pwd' }],
    ['a longer age', asking({ max_age_seconds: 60 }), asking({ max_age_seconds: 90 }), 'widens', { authenticated: 95 }],
    ['an age beside a way', asking(mfa), asking({ ...mfa, max_age_seconds: 9 }), 'narrows', null],
    [
      'one of the method in place of the tool’s',
      asking(mfa),
      { methods: { 'tools/call': { authentication: mfa } } },
      'none',
      null,
    ],
    ['a binding that is not required any more', { sender_constraint: 'dpop' }, {}, 'widens', usual],
    [
      'any binding in place of one',
      { sender_constraint: 'dpop' },
      { sender_constraint: 'any' },
      'widens',
      { binding: 'mtls' },
    ],
    ['a type more', details('a'), details('a', 'b'), 'widens', { details: 'b' }],
  ])('sees of authentication, bindings and details %s', async (_, before, after, change, gained) => {
    const { found } = await diff(await registryWith(before), await registryWith(after));
    const name = 'files tools/call read_file corp';
    const read = found.combinations.find((one: { name: string }) => one.name === name);
    expect(read?.change ?? 'none').toBe(change);
    if (gained === null) expect(read?.gained ?? null).toBeNull();
    else expect(read.gained).toMatchObject(gained);
  });

  it('says so in words', async () => {
    const before = { ...asking({ ...mfa, max_age_seconds: 60 }), sender_constraint: 'dpop', ...details() };
    const after = {
      ...asking({ acr_values: ['pwd'], max_age_seconds: 90 }),
      sender_constraint: 'mtls',
      ...details('b'),
    };
    const { stdout } = await inProcess(['diff', await registryWith(before), await registryWith(after)]);
    expect(stdout).toMatch(/bound by mtls, acr pwd, user authenticated \d+ s ago/);
    expect((await inProcess(['diff', await registryWith({}), await registryWith(details('b'))])).stdout).toContain(
      'authorization details b',
    );
  });

  it('sees a waiver that ends later: access widens from the former end on', async () => {
    const [before, after] = [inDays(10), inDays(20)];
    const { found } = await diff(
      await registryWith({ waivers: [waiver(before)] }),
      await registryWith({ waivers: [waiver(after)] }),
    );
    expect(found.combinations).toMatchObject([
      { name: 'files tools/call read_file corp', gained: { client: 'desktop', at: Date.parse(before) / 1000 } },
    ]);
  });

  it('ends with 1 for what it cannot judge, as it may widen: labels, and where calls are read', async () => {
    const after = await registryWith({ labels: { tenant: 'b' }, call_from: 'headers' });
    const { code, found } = await diff(world.registry, after);
    expect(code).toBe(1);
    expect(found.undecided).toEqual(['files call_from', 'files labels']);
    const accepted = await diff(world.registry, after, '--accept', 'files call_from', 'files labels');
    expect(accepted).toMatchObject({ code: 0, stderr: '', found: { undecided: [] } });
    expect((await diff(world.registry, after, '--accept', 'files')).code).toBe(0);
    expect((await diff(world.registry, after, '--accept', 'files labels')).found.undecided).toEqual([
      'files call_from',
    ]);
  });

  it('is a table for people', async () => {
    const { code, stdout } = await inProcess([
      'diff',
      world.registry,
      await registryWith({ max_lifetime_seconds: 60 }),
    ]);
    expect(code).toBe(0);
    expect(stdout).toContain('narrows\tfiles tools/call read_file corp\t-\taud https://files.example.com/mcp');
  });

  it('knows rules of bundles: one that is gone widens, one that changed may', async () => {
    const rule = (name: string, tool: string) => `package custom.${name}

default satisfied := false

satisfied if input.call.tool != "${tool}"

denials contains {"code": "no"} if input.call.tool == "${tool}"
`;
    const before = await bundleOf({ 'one.rego': rule('one', 'a'), 'two.rego': rule('two', 'b') });
    const after = await bundleOf({ 'one.rego': rule('one', 'c') });
    const { code, found } = await diff(before, after);
    expect(code).toBe(1);
    expect(found.widened).toEqual(['rule two']);
    expect(found.rules).toMatchObject([
      { name: 'rule one', change: 'changed', before: expect.stringContaining('sha256:') },
      { name: 'rule two', change: 'removed', after: null },
    ]);
    expect(found.undecided).toEqual(['rule one']);
    expect((await diff(before, after, '--accept', 'rule two')).code).toBe(1);
    expect((await diff(before, after, '--accept', 'rule two', 'rule one')).code).toBe(0);
    expect((await diff(before, before)).found.rules).toEqual([]);
    expect(await diff(world.registry, before)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no registry'),
    });
  });

  it('knows that a rule which only reports from now on denies nothing any more', async () => {
    const rule =
      'package custom.one\n\nsatisfied if input.call.method\n\ndenials contains {"code": "no"} if input.now == 0\n';
    const reporting = `# METADATA\n# custom:\n#   enforcement: report\n${rule}`;
    const [before, after] = [await bundleOf({ 'one.rego': rule }), await bundleOf({ 'one.rego': reporting })];
    expect(await diff(before, after)).toMatchObject({ code: 1, found: { widened: ['rule one'] } });
    expect((await diff(after, before)).code).toBe(0);
  });

  it('tells problems of a registry and ends with 1, and of a path that is not there with 2', async () => {
    expect((await diff(world.registry, await world.write('bad.json', '{"servers": 3}'))).code).toBe(1);
    expect((await diff(world.registry, '/nowhere')).code).toBe(2);
  });
});
