/** What a client writes beside its call never makes another call of it: headers, many targets, names that look alike. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CallFacts } from '../../src/decision/facts.ts';
import { readCall } from '../../src/facts/call/read.ts';
import type { Json, JsonObject } from '../../src/json/value.ts';
import { openDesk } from '../decide/desk.ts';

const read = (message: Json, headers?: Record<string, string[]>) =>
  readCall(
    { source: { kind: 'message', message }, ...(headers && { headers }) },
    { custom_rules: false, call_from: 'body' },
  );
const request = (method: string, params: JsonObject) => ({ jsonrpc: '2.0', id: 1, method, params });

describe('a header that differs from the body is never allowed', () => {
  const names = fc.oneof(
    fc.constantFrom('read_file', 'größe', ' padded ', '=?base64?YQ==?=', 'true', '42', 'a,b'),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }).filter((text) => !/\p{Cc}/u.test(text)),
  );
  const encoded = (text: string) => `=?base64?${Buffer.from(text).toString('base64')}?=`;
  const edits = fc.constantFrom<((text: string) => string)[]>(
    (text) => text,
    encoded,
    (text) => encoded(encoded(text)),
    (text) => encoded(text).replace(/=+\?=$/, '?='),
    (text) => encoded(text).toUpperCase(),
    (text) => encoded(text).replaceAll('+', '-').replaceAll('/', '_'),
    (text) => ` ${text}`,
    (text) => `${text}\t`,
    (text) => text.normalize('NFD'),
    (text) => text.toUpperCase(),
    (text) => `"${text}"`,
    (text) => encodeURIComponent(text),
    (text) => Buffer.from(text).toString('latin1'),
    (text) => `${text},${text}`,
  );
  /** What a strict server reads in a value: the other way round from how audgate decodes it. */
  const says = (value: string, text: string) =>
    value === encoded(text) ||
    (value === text && /^[\t\x20-\x7e]*$/.test(text) && !(text.startsWith('=?base64?') && text.endsWith('?=')));

  it('by its name', () => {
    fc.assert(
      fc.property(names, names, edits, fc.boolean(), (name, foreign, edit, same) => {
        const value = edit(same ? name : foreign);
        const reading = read(request('tools/call', { name }), { 'mcp-name': [value] });
        expect(reading.ok).toBe(says(value, name));
      }),
      { numRuns: 2000 },
    );
  });

  it('by an argument', () => {
    const key = fc.constantFrom('region', 'Region', 'tenant', 'count');
    const plain = fc.oneof(names, fc.integer(), fc.boolean(), fc.constant(null));
    const args = fc.dictionary(key, fc.oneof(plain, fc.dictionary(key, plain), fc.array(plain)), {
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(args, names, edits, (given, text, edit) => {
        const value = edit(text);
        const reading = read(request('tools/call', { name: 'a', arguments: given }), { 'mcp-param-region': [value] });
        if (!reading.ok) return;
        // Whatever it repeats stands somewhere in the arguments, outside of lists.
        const values = Object.values(given).flatMap((one) =>
          typeof one === 'object' && one !== null && !Array.isArray(one) ? Object.values(one) : [one],
        );
        expect(values.some((one) => !Array.isArray(one) && one !== null && says(value, String(one)))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('by its number', () => {
    fc.assert(
      fc.property(names, fc.array(fc.constant('read_file'), { maxLength: 3 }), (name, values) => {
        fc.pre(values.length !== 1);
        for (const header of ['mcp-method', 'mcp-name', 'mcp-protocol-version', 'mcp-param-a'])
          expect(read(request('tools/call', { name }), { [header]: values }).ok).toBe(false);
      }),
    );
  });
});

describe('a subscription with one unlisted URI is never allowed', () => {
  it('wherever it stands, and whatever the token may', async () => {
    const desk = await openDesk();
    const token = await desk.token({ claims: { scope: 'files:read files:write files:own' } });
    const listed = fc.constantFrom<string[]>('file:///docs/a', 'file:///docs/b', 'file:///docs/');
    const unlisted = fc.oneof(
      fc.constantFrom(
        'file:///docs',
        'file:///docs/../etc',
        'FILE:///docs/a',
        'file:///docs/%2e%2e/x',
        'file:///docs//x',
      ),
      fc.webUrl(),
    );
    let allowed = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(listed, { maxLength: 6 }), fc.option(unlisted), fc.nat(), async (uris, other, at) => {
        const all = other === null ? uris : uris.toSpliced(at % (uris.length + 1), 0, other);
        const message = request('subscriptions/listen', { notifications: { resourceSubscriptions: all } });
        const decision = await desk.decide({ token, source: { kind: 'message', message } });
        expect([all, decision.decision]).toEqual([all, other === null ? 'allow' : 'deny']);
        if (decision.decision === 'allow') allowed++;
        else expect(decision.reasons).toMatchObject([{ code: 'resource_unknown', actual: [other] }]);
      }),
      { numRuns: 300 },
    );
    expect(allowed).toBeGreaterThan(20);
  });
});

describe('a name that another reader takes for one that audgate reads is never let through', () => {
  const MESSAGES: readonly (readonly [JsonObject, readonly (readonly string[])[], CallFacts])[] = [
    [
      request('tools/call', { name: 'a', arguments: {}, task: {}, _meta: { 'io.modelcontextprotocol/x': 1 } }),
      [['method'], ['params'], ['params', 'name'], ['params', 'arguments'], ['params', 'task'], ['params', '_meta']],
      { method: 'tools/call', tool: 'a', arguments: {} },
    ],
    [
      request('completion/complete', { ref: { type: 'ref/prompt', name: 'a' } }),
      [
        ['params', 'ref'],
        ['params', 'ref', 'type'],
        ['params', 'ref', 'name'],
      ],
      { method: 'completion/complete', prompt: 'a' },
    ],
    [request('tasks/get', { taskId: 't' }), [['params', 'taskId']], { method: 'tasks/get', task: 't' }],
    [
      request('subscriptions/listen', { notifications: { toolsListChanged: true, resourceSubscriptions: ['x:1'] } }),
      [
        ['params', 'notifications'],
        ['params', 'notifications', 'toolsListChanged'],
        ['params', 'notifications', 'resourceSubscriptions'],
      ],
      { method: 'subscriptions/listen', lists: ['tools/list'], uris: ['x:1'], tasks: [] },
    ],
    [{ jsonrpc: '2.0', id: 1, result: {} }, [['result'], ['id'], ['jsonrpc']], { method: 'rpc/response' }],
  ];
  /** Members that fold to the same in Go, by changing some letters. */
  const FOLDS: Readonly<Record<string, readonly string[]>> = { s: ['S', 'ſ'], k: ['K', '\u212a'] };
  const variants = (letter: string) =>
    FOLDS[letter] ?? [letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase()];

  it('the messages themselves are', () => {
    for (const [message, , call] of MESSAGES) expect(read(message)).toMatchObject({ ok: true, call });
  });

  it('beside the name, before or after it, or in its place', () => {
    const picked = fc.constantFrom(...MESSAGES.flatMap(([message, paths]) => paths.map((path) => ({ message, path }))));
    fc.assert(
      fc.property(
        picked,
        fc.nat(),
        fc.nat(),
        fc.constantFrom('before', 'after', 'instead'),
        ({ message, path }, at, by, how) => {
          const name = path.at(-1) ?? '';
          const letters = [...name]
            .map((letter, index) => ({ letter, index }))
            .filter(({ letter }) => /[a-z]/i.test(letter));
          const { letter = 'x', index = 0 } = letters[at % letters.length] ?? {};
          const others = variants(letter);
          const impostor = name.slice(0, index) + (others[by % others.length] ?? '') + name.slice(index + 1);
          expect(impostor).not.toBe(name);
          expect(read(bend(message, path, impostor, how)).ok).toBe(false);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

/** The message with the last member of a path under another name too, or instead. */
function bend(object: JsonObject, [name = '', ...rest]: readonly string[], impostor: string, how: string): JsonObject {
  const bent = Object.entries(object).flatMap(([key, value]): [string, Json][] => {
    if (key !== name) return [[key, value]];
    if (rest.length > 0) return [[key, bend(value as JsonObject, rest, impostor, how)]];
    if (how === 'instead') return [[impostor, value]];
    return how === 'before'
      ? [
          [impostor, value],
          [key, value],
        ]
      : [
          [key, value],
          [impostor, value],
        ];
  });
  return Object.fromEntries(bent);
}
