/** `watch: true`: files and folders are read again when they change, however an editor saves them. */
import { mkdir, readFile as readBytes, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import type { JsonObject } from '../../src/json/value.ts';
import { unpack } from '../../src/policy/bundle.ts';
import { forge } from './bundles.ts';
import { FILES, readFile, registryOf, startIssuer } from './issue.ts';
import { type Started, scratch, start, until } from './start.ts';

const rule = (satisfied: string) =>
  `package custom.gate\n\n${satisfied}\n\ndenials contains {"code": "never"} if false\n`;
const OPEN = rule('satisfied if input.call.method');
const SHUT = rule('satisfied if input.call.method == "never"');
const bundleOf = async (rego: string) => readBytes(await forge({ 'gate.rego': rego }, ['gate']));

/** As `tar -x` leaves it. */
async function unpackTo(folder: string, bundle: Uint8Array): Promise<void> {
  const entries = unpack(bundle);
  if (typeof entries === 'string') throw new Error(entries);
  for (const [name, bytes] of entries) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), bytes);
  }
}

async function world() {
  const issuer = await startIssuer();
  const registry = registryOf(issuer, { files: FILES });
  const token = await issuer.token(FILES);
  const ask = (audgate: Started) => async () => {
    const { decision, reasons } = await audgate.decide(readFile(FILES, token));
    return [decision, ...reasons.map(({ code }) => code)].join(' ');
  };
  return { issuer, registry, folder: await scratch(), ask };
}
const refusals = async (audgate: Started) => (await audgate.status()).last_reload;
const DENY = 'deny rule_not_satisfied';

test('a bundle file: written over, replaced by renaming, gone and back; a bad one changes nothing', async () => {
  const { registry, folder, ask } = await world();
  const file = join(folder, 'rules.tar.gz');
  const [open, shut] = [await bundleOf(OPEN), await bundleOf(SHUT)];
  await writeFile(file, open);
  const audgate = await start({ registry, config: { bundle: file, watch: true } });
  expect(await ask(audgate)()).toBe('allow');
  await writeFile(file, shut);
  await until(ask(audgate), (answer) => answer === DENY);
  await writeFile(`${file}.new`, open);
  await rename(`${file}.new`, file);
  await until(ask(audgate), (answer) => answer === 'allow');
  await writeFile(file, 'half of a bundle');
  await until(
    () => refusals(audgate),
    (report) => report?.ok === false,
  );
  expect(JSON.stringify(await refusals(audgate))).toContain('not compressed with gzip');
  expect(await ask(audgate)()).toBe('allow');
  await rm(file);
  await until(
    () => refusals(audgate),
    (report) => JSON.stringify(report).includes('ENOENT'),
  );
  expect(await ask(audgate)()).toBe('allow');
  await writeFile(file, shut);
  await until(ask(audgate), (answer) => answer === DENY);
});

test('a bundle folder, as a volume of Kubernetes changes it: one link is swapped', async () => {
  const { registry, folder, ask } = await world();
  const place = join(folder, 'bundle');
  await unpackTo(join(place, '..one'), await bundleOf(OPEN));
  await unpackTo(join(place, '..two'), await bundleOf(SHUT));
  await symlink('..one', join(place, '..data'));
  for (const name of ['.manifest', 'policy.wasm', 'data.json', 'gate.rego', 'aggregator.rego'])
    await symlink(join('..data', name), join(place, name));
  const audgate = await start({ registry, config: { bundle: { file: place }, watch: true } });
  expect(await ask(audgate)()).toBe('allow');
  await symlink('..two', join(place, '..data.new'));
  await rename(join(place, '..data.new'), join(place, '..data'));
  await until(ask(audgate), (answer) => answer === DENY);
  // A manifest beside the module of another version is neither of them.
  await writeFile(join(place, '..two', 'policy.wasm'), await readBytes(join(place, '..one', 'policy.wasm')));
  await until(
    () => refusals(audgate),
    (report) => JSON.stringify(report).includes('the manifest was written for another'),
  );
  await writeFile(join(place, 'run.sh'), 'x');
  await until(
    () => refusals(audgate),
    (report) => JSON.stringify(report).includes('run.sh'),
  );
  expect(await ask(audgate)()).toBe(DENY);
});

test('a registry, file and folder', async () => {
  const { issuer, folder, ask } = await world();
  const place = join(folder, 'registry');
  await mkdir(place);
  const write = (tools: JsonObject) =>
    writeFile(join(place, 'all.json'), JSON.stringify(registryOf(issuer, { files: FILES }, { tools })));
  await write({ read_file: { scopes: ['files:read'] } });
  const audgate = await start({ registry: {}, config: { registry: place, watch: true } });
  expect(await ask(audgate)()).toBe('allow');
  await write({ read_file: { scopes: ['files:admin'] } });
  await until(ask(audgate), (answer) => answer === 'deny scope_insufficient');
  await writeFile(join(place, 'more.yaml'), 'servers: { files: {} }\n');
  await until(
    () => refusals(audgate),
    (report) => report?.ok === false,
  );
  expect(await ask(audgate)()).toBe('deny scope_insufficient');
});
