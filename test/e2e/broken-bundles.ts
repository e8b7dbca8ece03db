/** Bundles that are broken, each in one way: archives byte by byte, manifests, and modules that nobody's compiler made. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { unpack } from '../../src/policy/bundle.ts';
import { forge, type Rego } from './bundles.ts';

/** What is wrong → the bytes, and what its problem says. */
export type Broken = ReadonlyMap<string, Fault>;
interface Fault {
  readonly bytes: Uint8Array;
  readonly says: RegExp;
  /** By a message of its own, but where this is false. */
  readonly own?: boolean;
}

type Bytes = string | Uint8Array;
type Files = Map<string, Bytes>;

interface Header {
  readonly type?: string;
  readonly name?: Uint8Array;
  readonly size?: string;
  readonly link?: string;
}

const BLOCK = 512;

/** One entry of a tar archive, with whatever its header says. */
function entry(name: string, data: Bytes = '', { type = '0', name: raw, size, link = '' }: Header = {}): Buffer {
  const content = Buffer.from(data);
  const header = Buffer.alloc(BLOCK);
  header.set(raw ?? Buffer.from(name), 0);
  header.write('0000644\0', 100);
  header.write(size ?? `${content.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write(type, 156);
  header.write(link, 157);
  header.write('ustar\0', 257);
  header.write('        ', 148);
  const sum = header.reduce((all, byte) => all + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)]);
}

const END = Buffer.alloc(2 * BLOCK);
const entries = (files: Iterable<readonly [string, Bytes]>) => [...files].map(([name, data]) => entry(name, data));
const packed = (...parts: readonly Uint8Array[]) => gzipSync(Buffer.concat([...parts, END]));

/** A gibibyte of zeros in a megabyte: gzip members one after the other are one text (RFC 1952 §2.2). */
function gibibyte(): Uint8Array {
  const member = gzipSync(Buffer.alloc(1 << 20));
  return Buffer.concat(Array<Uint8Array>(1024).fill(member));
}

const rule = (name: string, satisfied = 'satisfied if input.now', packageName = name) =>
  `package custom.${packageName}\n\n${satisfied}\n\ndenials contains {"code": "never"} if false\n`;

/** 100^8 steps, over texts, which take no memory. */
const ENDLESS = `all := ${JSON.stringify(Array.from({ length: 100 }, (_, at) => `v${at}`))}

satisfied if count([1 | ${[...'abcdefgh'].map((name) => `${name} := all[_]`).join('; ')}; h == "x"]) == 0`;

/** Two bundles of rules a and b that are all right, and not signed. */
export async function unsignedBundles(): Promise<{ readonly good: Uint8Array; readonly other: Uint8Array }> {
  const of = async (condition: string) =>
    readFile(await forge({ 'a.rego': rule('a', condition), 'b.rego': rule('b') }, ['a', 'b']));
  return { good: await of('satisfied if input.now'), other: await of('satisfied if input.call') };
}

export async function brokenBundles(): Promise<{ readonly good: Uint8Array; readonly broken: Broken }> {
  const both: Rego = { 'a.rego': rule('a'), 'b.rego': rule('b') };
  const forged = async (rego: Rego, rules: readonly string[], aggregator?: string) =>
    readFile(await forge(rego, rules, aggregator));
  const good = await forged(both, ['a', 'b']);
  const tar = gunzipSync(good);
  const files = (): Files => {
    const read = unpack(good);
    if (typeof read === 'string') throw new Error(read);
    return new Map(read);
  };
  const wasm = Buffer.from(files().get('policy.wasm') ?? '');
  const changed = (change: (files: Files) => void) => {
    const all = files();
    change(all);
    return packed(...entries(all));
  };
  const added = (...more: readonly Uint8Array[]) => packed(...entries(files()), ...more);
  const manifest = (from: string, to: string) =>
    changed((all) => {
      const text = Buffer.from(all.get('.manifest') ?? '').toString();
      if (!text.includes(from)) throw new Error(`the manifest does not hold ${from}: ${text}`);
      all.set('.manifest', text.replace(from, to));
    });
  /** Another module under a manifest that was written for it. */
  const withModule = (module: Uint8Array) =>
    changed((all) => {
      const text = Buffer.from(all.get('.manifest') ?? '').toString();
      const digest = `sha256:${createHash('sha256').update(module).digest('hex')}`;
      all.set('.manifest', text.replace(/"digest":"[^"]*"/, `"digest":"${digest}"`));
      all.set('policy.wasm', module);
    });
  const damaged = Buffer.from(good);
  damaged.fill(0xff, 200, 260);
  const [a, b] = ['a', 'b'].map((name) => `{"name":"${name}","file":"${name}.rego"}`);

  const broken: Record<string, readonly [Uint8Array, RegExp]> = {
    'an empty file': [new Uint8Array(), /is empty/],
    'a text': [Buffer.from('rules'), /not compressed with gzip/],
    'truncated, as a download that ended early': [good.subarray(0, good.length / 2), /compressed data ends early/],
    'damaged on the way': [damaged, /compressed data is damaged/],
    'compressed, and no archive': [gzipSync(Buffer.alloc(4096, 200)), /wrong checksum/],
    'an archive of a few bytes': [gzipSync(Buffer.from('tar')), /too short/],
    'an archive that ends within a file': [gzipSync(tar.subarray(0, BLOCK * 3 + 10)), /is cut off/],
    'an archive without its end': [gzipSync(Buffer.concat(entries(files()))), /closing block/],
    'a gibibyte once unpacked': [gibibyte(), /unpacks to more than 32 MiB/],
    'thousands of files': [
      added(...Array.from({ length: 2001 }, (_, at) => entry(`r${at}.rego`, ''))),
      /more than 2000 files/,
    ],
    'a symbolic link': [added(entry('c.rego', '', { type: '2', link: '/etc/passwd' })), /a symbolic link/],
    'a hard link': [added(entry('c.rego', '', { type: '1', link: 'policy.wasm' })), /a hard link/],
    'a device': [added(entry('c.rego', '', { type: '3' })), /a device/],
    'a pipe': [added(entry('c.rego', '', { type: '6' })), /a pipe/],
    'a folder called .manifest': [
      packed(entry('.manifest', '', { type: '5' }), ...entries(files())),
      /"\.manifest" is a folder/,
    ],
    'a pax header that renames what follows': [
      added(entry('pax', '20 path=policy.wasm\n', { type: 'x' }), entry('c.rego')),
      /an extended header/,
    ],
    'a long name of GNU tar': [added(entry('long', 'policy.wasm', { type: 'L' }), entry('c.rego')), /a long name/],
    'a sparse file': [added(entry('c.rego', '', { type: 'S' })), /an unknown kind/],
    'a size below zero': [added(entry('c.rego', '', { size: '-0000002000\0' })), /no valid size/],
    'a name that is no text': [added(entry('', '', { name: Buffer.from([0xff, 0xfe]) })), /not UTF-8/],
    'a path that climbs out': [added(entry('../../etc/cron.rego')), /climbs out/],
    'an absolute path': [added(entry('//etc/cron.rego')), /a part that names nothing/],
    'an extra file': [added(entry('run.sh', 'true')), /"run\.sh", which has no place there/],
    'Rego in a registry root': [added(entry('registry/open.rego', rule('a'))), /registry\/ holds YAML or JSON/],
    'a registry that nobody packed': [added(entry('registry/open.yaml', 'servers: {}')), /files in registry\//],
    'two modules': [added(entry('/policy.wasm', wasm)), /twice/],
    'files behind the end of the archive': [
      packed(...entries(files()), END, ...entries(files())),
      /goes on after its closing block/,
    ],
    'a second archive behind zeros': [
      Buffer.concat([good, Buffer.alloc(8), good]),
      /goes on after its compressed data/,
    ],
    'no module': [changed((all) => all.delete('policy.wasm')), /lacks policy\.wasm/],
    'no manifest': [changed((all) => all.delete('.manifest')), /lacks \.manifest/],
    'a manifest that is no JSON': [manifest('{', ''), /no well-formed JSON/],
    'a member twice': [manifest('"roots":', '"roots":["custom"],"roots":'), /its object has already/],
    'a manifest too deep': [manifest('"rego_version":1', `"x":${'['.repeat(40)}${']'.repeat(40)}`), /deep/],
    'no roots': [manifest('"roots":["custom"],', ''), /\/roots: .*undefined/],
    'roots over the core': [manifest('["custom"]', '["custom","audgate"]'), /\/roots: Too big/],
    'another entrypoint in the manifest': [manifest('"custom/decide"', '"custom/a"'), /\/entrypoint/],
    'no rules': [manifest(`${a},${b}`, ''), /lists no rule, and the bundle holds policy\.wasm/],
    'neither rules nor a registry': [
      changed((all) => {
        const text = Buffer.from(all.get('.manifest') ?? '').toString();
        for (const name of [...all.keys()]) if (name !== 'data.json') all.delete(name);
        all.set('.manifest', text.replace(`${a},${b}`, ''));
      }),
      /neither rules nor a registry/,
    ],
    'rules without an entrypoint': [manifest('"wasm":[{', '"was":[{'), /\/wasm: it names no entrypoint/],
    'a rule called decide': [manifest('"name":"b"', '"name":"decide"'), /rules\/1\/name: /],
    'rules out of order': [manifest(`${a},${b}`, `${b},${a}`), /not sorted/],
    'a rule without its file': [manifest('"file":"b.rego"', '"file":"c.rego"'), /no Rego file of the rule b/],
    'a nested package': [
      await forged({ 'a.rego': rule('a', 'satisfied if input.now', 'a.inner') }, ['a']),
      /not package custom\.a/,
    ],
    'the module of another build': [changed((all) => all.set('policy.wasm', `${wasm}`)), /written for another/],
    'a signature that nobody expects': [added(entry('.signatures.json', '{"signatures":[]}')), /is signed/],
    'a rule that the module has not': [
      await forged({ ...both, 'c.rego': rule('c') }, ['a', 'b', 'c'], aggregator('a', 'b')),
      /does not run the rule c/,
    ],
    'a rule that the manifest has not': [await forged(both, ['a'], aggregator('a', 'b')), /runs the rule b/],
    'a verdict of another form': [
      await forged(both, ['a', 'b'], 'package custom\n\ndecide := 17\n'),
      /exactly the rules of its manifest/,
    ],
    'a verdict that is undefined': [
      await forged(both, ['a', 'b'], 'package custom\n\ndecide := 17 if input.now\n'),
      /the result is undefined/,
    ],
    'two values of one rule': [
      await forged({ ...both, 'b.rego': rule('b', 'satisfied if true\n\nsatisfied := false if true') }, ['a', 'b']),
      /conflict/,
    ],
    'a memory bomb': [
      await forged({ ...both, 'b.rego': rule('b', 'satisfied if count(numbers.range(1, 50000000)) > 0') }, ['a', 'b']),
      /malloc/,
    ],
    'a comprehension without end': [
      await forged({ ...both, 'b.rego': rule('b', ENDLESS) }, ['a', 'b']),
      /did not end within 5 s/,
    ],
    'the core for a module': [
      withModule(await readFile(new URL('../../policies/core.wasm', import.meta.url))),
      /lacks the entrypoint custom\/decide/,
    ],
    'an empty module': [withModule(new Uint8Array()), /no WebAssembly module.*empty/],
    'a module of garbage': [withModule(Buffer.from('garbage garbage')), /magic/],
    'a module without ABI': [withModule(moduleOf([])), /exports no opa_wasm_abi_version/],
    'a module that wants more of its host': [
      withModule(
        moduleOf([
          [1, [1, 0x60, 0, 0]],
          [2, imported('env', 'fetch')],
        ]),
      ),
      /imports env\.fetch/,
    ],
    'a module of another ABI': [withModule(withMinor(wasm, 1)), /its ABI is 1\.1/],
    'a start function that traps': [withModule(moduleOf([...abi(true, false)])), /unreachable/],
    'data beyond its memory': [withModule(moduleOf([...abi(false, true)])), /data segment/],
  };
  return { good, broken: new Map(Object.entries(broken).map(([name, [bytes, says]]) => [name, { bytes, says }])) };
}

/** Asks these rules by name, as the build would. */
function aggregator(...rules: readonly string[]): string {
  return `package custom
decide := {"rules": ${JSON.stringify(rules)}, "satisfied": set(), "denials": set()}
`;
}

type Section = readonly [id: number, content: readonly number[]];

/** A WebAssembly module of these sections, each shorter than 128 bytes. */
function moduleOf(sections: readonly Section[]): Uint8Array {
  const head = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  return Uint8Array.from([...head, ...sections.flatMap(([id, content]) => [id, content.length, ...content])]);
}

const text = (name: string) => [name.length, ...Buffer.from(name)];
/** One function that takes and gives nothing. */
const imported = (module: string, name: string) => [1, ...text(module), ...text(name), 0, 0];

/** What says that it is OPA's ABI 1.3; with a function that traps at the start, or data where there is no memory. */
function abi(traps: boolean, beyond: boolean): readonly Section[] {
  const global = (value: number) => [0x7f, 0, 0x41, value, 0x0b];
  const exported = (name: string, at: number) => [...text(name), 3, at];
  return [
    [1, [1, 0x60, 0, 0]],
    ...(traps ? ([[3, [1, 0]]] as const) : []),
    ...(beyond ? ([[5, [1, 0, 1]]] as const) : []),
    [6, [2, ...global(1), ...global(3)]],
    [7, [2, ...exported('opa_wasm_abi_version', 0), ...exported('opa_wasm_abi_minor_version', 1)]],
    ...(traps
      ? ([
          [8, [0]],
          [10, [1, 3, 0, 0x00, 0x0b]],
        ] as const)
      : []),
    ...(beyond ? ([[11, [1, 0, 0x41, 0xff, 0xff, 0xff, 0x00, 0x0b, 1, 0]]] as const) : []),
  ];
}

/** The same module, but that it calls itself OPA's ABI 1.`minor`. */
function withMinor(wasm: Uint8Array, minor: number): Uint8Array {
  const changed = Buffer.from(wasm);
  let at = 8;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = changed[at++] ?? 0;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  /** Where the values of globals stand; sections come in the order of their numbers. */
  const globals: number[] = [];
  while (at < changed.length) {
    const id = number();
    const end = number() + at;
    const count = id === 6 || id === 7 ? number() : 0;
    for (let index = 0; index < count; index++) {
      if (id === 6) {
        at += 3;
        globals.push(at);
        number();
        at += 1;
        continue;
      }
      const length = number();
      const name = changed.toString('utf8', at, at + length);
      at += length + 1;
      const exported = number();
      if (name === 'opa_wasm_abi_minor_version') changed[globals[exported] ?? -1] = minor;
    }
    at = end;
  }
  return changed;
}
