import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findOpa, opaCache } from '../../src/policy/find.ts';
import { opaForTests } from './compiled.ts';
import { folderOf } from './folder.ts';

/** A folder with an `opa` that says of itself what the text says, and whatever else is named. */
async function programs(files: Readonly<Record<string, string>>): Promise<string> {
  const scripts = Object.entries(files).map(([name, body]) => [name, `#!/bin/sh\n${body}\n`]);
  const folder = await folderOf(Object.fromEntries(scripts));
  for (const name of Object.keys(files)) await chmod(join(folder, name), 0o755);
  return folder;
}

const says = (version: string, wasm: string) => `echo "Version: ${version}"; echo "WebAssembly: ${wasm}"`;
const FIT = says('1.22.2', 'available');

async function find(path: string, cache: string | null) {
  const notes: string[] = [];
  // The scripts need the shell's own commands, and nothing from the machine's PATH but these.
  const env = { PATH: path };
  const found = await findOpa({ env, cache, platform: 'linux', note: (line) => notes.push(line) });
  return { found, notes: notes.join('\n') };
}

test('the pinned version on PATH is taken without a word', async () => {
  const folder = await programs({ opa: FIT });
  const { found, notes } = await find(folder, null);
  expect(found).toMatchObject({ ok: true, opa: { path: join(folder, 'opa') } });
  expect(notes).toBe('');
});

test.each([
  ['another version', says('1.22.1', 'available'), 'version 1.22.1'],
  ['one without WebAssembly', says('1.22.2', 'unavailable'), 'without WebAssembly'],
  ['one that does not run', 'exit 3', 'does not run'],
])('%s is passed over with a note, for the next on PATH', async (_, body, note) => {
  const [wrong, right] = [await programs({ opa: body }), await programs({ opa: FIT })];
  const { found, notes } = await find(`${wrong}:${right}`, null);
  expect(found).toMatchObject({ ok: true, opa: { path: join(right, 'opa') } });
  expect(notes).toContain(`${join(wrong, 'opa')} is passed over`);
  expect(notes).toContain(note);
});

test('else the cache', async () => {
  const cache = await folderOf({ '1.22.2/opa': `#!/bin/sh\n${FIT}\n` });
  await chmod(join(cache, '1.22.2/opa'), 0o755);
  expect((await find('', cache)).found).toMatchObject({ ok: true, opa: { path: join(cache, '1.22.2/opa') } });
});

test('else it is built from source, which fills the cache', async () => {
  const go = await programs({
    // Stands for the Go tool: the real one takes 75 s and a network.
    go: `printf '#!/bin/sh\\n%s\\n' '${FIT}' > "$GOBIN/opa"; /bin/chmod 755 "$GOBIN/opa"; echo "$@" > "$GOBIN/../args"`,
  });
  const cache = await folderOf({});
  const { found, notes } = await find(go, cache);
  expect(found).toMatchObject({ ok: true, opa: { path: join(cache, '1.22.2/opa') } });
  expect(notes).toContain('about 75 s');
  expect((await find('', cache)).found.ok).toBe(true);
});

test.each([
  ['fails', 'echo "no network" >&2; exit 1', 'no network'],
  [
    'gives another version',
    `printf '#!/bin/sh\\necho Version: 2.0.0\\n' > "$GOBIN/opa"; /bin/chmod 755 "$GOBIN/opa"`,
    'version 2.0.0',
  ],
])('a build that %s leaves nothing behind and says what to do', async (_, go, message) => {
  const cache = await folderOf({});
  const { found } = await find(await programs({ go }), cache);
  expect(found).toMatchObject({ ok: false });
  expect(found.ok ? '' : found.message).toContain(message);
  expect(found.ok ? '' : found.message).toContain('go install -tags opa_wasm');
  expect((await find('', cache)).found.ok).toBe(false);
});

test('the cache lies outside the tree', () => {
  expect(opaCache({ XDG_CACHE_HOME: '/caches', HOME: '/home/x' })).toBe('/caches/audgate/opa');
  expect(opaCache({ XDG_CACHE_HOME: 'relative', HOME: '/home/x' })).toBe('/home/x/.cache/audgate/opa');
  expect(opaCache({ HOME: '/home/x' })).toBe('/home/x/.cache/audgate/opa');
  expect(opaCache({})).toBeNull();
});

test('the one that the tests use is fit, and a program that fails says so', async () => {
  const opa = await opaForTests();
  expect((await opa.run(['version'])).code).toBe(0);
  const ran = await opa.run(['no-such-command']);
  expect(ran.code).not.toBe(0);
  expect(ran.stderr).toContain('no-such-command');
});
