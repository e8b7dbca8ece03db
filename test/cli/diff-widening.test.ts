/** The ways in which a change of a registry lets more in, or may: `audgate diff` ends with 1 for each. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createIssuerKey, type IssuerKey } from '../../src/testing/mint.ts';
import { createWorld } from './audgate.ts';
import { inProcess } from './in-process.ts';

let world: Awaited<ReturnType<typeof createWorld>>;
let other: IssuerKey;

beforeAll(async () => {
  world = await createWorld();
  other = await createIssuerKey('corp-2', 'ES256');
});
afterAll(() => world.close());

type Registry = Record<string, unknown> & {
  readonly issuers: Record<string, Record<string, unknown>>;
  readonly servers: Record<string, Record<string, unknown>>;
};
type Change = (registry: { readonly corp: object; readonly files: object; readonly whole: Registry }) => object;

const inDays = (days: number) => new Date(Math.floor(Date.now() / 1000) * 1000 + days * 86_400_000).toISOString();
const waiver = (what: object) => ({
  issuer: 'corp',
  client_id: 'desktop',
  operations: ['tools/call read_file'],
  owner: 'team',
  reason: 'not yet',
  until: inDays(10),
  ...what,
});
const audience = (more: object = {}) => waiver({ what: 'audience', audience: 'api://default', ...more });
const observe = (...codes: readonly string[]) => waiver({ what: 'observe', codes });

function base(): Registry {
  return {
    issuers: {
      corp: {
        issuer: 'https://login.example.com',
        jwks: { keys: [world.key.jwk] },
        algorithms: ['ES256'],
        clock_tolerance_seconds: 5,
      },
      partner: {
        issuer: 'https://login.partner.example',
        jwks_uri: 'https://login.partner.example/jwks',
        algorithms: ['RS256'],
      },
    },
    servers: {
      files: {
        resource: 'https://files.example.com/mcp',
        issuers: ['corp'],
        max_lifetime_seconds: 600,
        actors: ['agent'],
        tools: { read_file: { scopes: ['files:read'] }, write_file: { scopes: ['files:write'] } },
        prompts: { report: { scopes: ['files:read'] } },
        resources: {
          'file:///docs/*': { scopes: ['files:read'] },
          'file:///docs/secret/*': { scopes: ['files:admin'] },
        },
        methods: { 'tools/list': { scopes: ['files:list'] }, 'tools/call': { scopes: ['files:use'] } },
      },
      billing: {
        resource: 'https://billing.example.com/mcp',
        issuers: ['corp'],
        max_lifetime_seconds: 600,
        tools: { list_invoices: { scopes: ['billing:read'] } },
      },
    },
  };
}

/** With members of the server `files`, or of the issuer `corp`, in place of its own. */
const files =
  (members: object): Change =>
  ({ whole, files: own }) => ({
    ...whole,
    servers: { ...whole.servers, files: { ...own, ...members } },
  });
const corp =
  (members: object): Change =>
  ({ whole, corp: own }) => ({
    ...whole,
    issuers: { ...whole.issuers, corp: { ...own, ...members } },
  });
const servers =
  (change: (servers: Registry['servers']) => object): Change =>
  ({ whole }) => ({
    ...whole,
    servers: change(whole.servers),
  });

const NARROW: Change = ({ whole }) => whole;
const read = { scopes: ['files:read'] };
const write = { scopes: ['files:write'] };
const docs = { 'file:///docs/*': read };
const secret = { 'file:///docs/secret/*': { scopes: ['files:admin'] } };

it.each<[string, Change, Change]>([
  ['a scope removed', NARROW, files({ tools: { read_file: { scopes: [] }, write_file: write } })],
  [
    'one of two scopes removed',
    files({ tools: { read_file: { scopes: ['files:read', 'b'] } } }),
    files({ tools: { read_file: read } }),
  ],
  ['a scope of the method removed', NARROW, files({ methods: { 'tools/list': { scopes: ['files:list'] } } })],
  [
    'a method that only asked for more removed',
    NARROW,
    files({ methods: { 'tools/call': { scopes: ['files:use'] } } }),
  ],
  ['a scope replaced', NARROW, files({ tools: { read_file: { scopes: ['other'] }, write_file: write } })],
  ['a scope implied', NARROW, files({ scope_implies: { admin: ['files:read'] } })],
  ['an issuer added', NARROW, files({ issuers: ['corp', 'partner'] })],
  ['an issuer enabled', corp({ disabled: true }), NARROW],
  ['an issuer of another identifier', NARROW, corp({ issuer: 'https://login2.example.com' })],
  ['a lifetime raised', NARROW, files({ max_lifetime_seconds: 601 })],
  ['a spelling added', NARROW, files({ audiences: ['https://files.example.com/mcp/'] })],
  ['an audience of one issuer added', NARROW, files({ audiences: [{ value: 'api://files', issuer: 'corp' }] })],
  ['an extra audience added', NARROW, corp({ extra_audiences: ['account'] })],
  ['one more extra audience', corp({ extra_audiences: ['account'] }), corp({ extra_audiences: ['account', 'other'] })],
  ['a resource replaced', NARROW, files({ resource: 'https://files.example.com/v2' })],
  ['a tool added', NARROW, files({ tools: { read_file: read, write_file: write, new: { scopes: [] } } })],
  ['unlisted tools opened', NARROW, files({ unlisted_tools: { scopes: ['files:any'] } })],
  [
    'a tool removed where unlisted tools are open',
    files({ unlisted_tools: { scopes: [] } }),
    files({ unlisted_tools: { scopes: [] }, tools: { read_file: read } }),
  ],
  ['a prompt added', NARROW, files({ prompts: { report: read, other: read } })],
  ['a resource added', NARROW, files({ resources: { ...docs, ...secret, 'file:///etc/passwd': read } })],
  ['a shorter prefix', NARROW, files({ resources: { 'file:///*': read, ...secret } })],
  ['a stricter prefix below another removed', NARROW, files({ resources: docs })],
  [
    'a stricter exact resource below a prefix removed',
    files({ resources: { ...docs, 'file:///docs/key': { scopes: ['files:admin'] } } }),
    files({ resources: docs }),
  ],
  [
    'the scope of completion removed',
    files({ methods: { 'completion/complete': { scopes: ['x'] } } }),
    files({ methods: {} }),
  ],
  [
    'tasks opened',
    NARROW,
    files({
      methods: {
        'tools/list': { scopes: ['files:list'] },
        'tools/call': { scopes: ['files:use'] },
        'tasks/get': { scopes: [] },
      },
    }),
  ],
  [
    'the scope of subscriptions removed',
    files({ methods: { 'subscriptions/listen': { scopes: ['x'] } } }),
    files({ methods: {} }),
  ],
  [
    'GET opened',
    NARROW,
    files({
      methods: {
        'tools/list': { scopes: ['files:list'] },
        'tools/call': { scopes: ['files:use'] },
        'http/get': { scopes: [] },
      },
    }),
  ],
  [
    'a notification that asked for a scope',
    files({ methods: { 'notifications/cancelled': { scopes: ['x'] } } }),
    files({ methods: {} }),
  ],
  ['an actor added', NARROW, files({ actors: ['agent', 'other'] })],
  ['any actor', NARROW, files({ actors: 'any' })],
  ['a required binding dropped', files({ sender_constraint: 'dpop' }), NARROW],
  ['a waiver added', NARROW, files({ waivers: [audience()] })],
  ['a waiver extended', files({ waivers: [audience()] }), files({ waivers: [audience({ until: inDays(11) })] })],
  [
    'a waiver for one more operation',
    files({ waivers: [audience()] }),
    files({ waivers: [audience({ operations: ['tools/call read_file', 'tools/call write_file'] })] }),
  ],
  [
    'a waiver for another client',
    files({ waivers: [audience()] }),
    files({ waivers: [audience(), audience({ client_id: 'other' })] }),
  ],
  ['a waived lifetime', NARROW, files({ waivers: [waiver({ what: 'lifetime', max_lifetime_seconds: 7200 })] })],
  ['a waiver that observes', NARROW, files({ waivers: [observe('scope_insufficient')] })],
  [
    'a waiver that observes an unlisted tool',
    NARROW,
    files({ waivers: [{ ...observe('tool_unknown'), operations: ['tools/call ghost'] }] }),
  ],
  [
    'a waiver that observes one code more',
    files({ waivers: [observe('audience_mismatch')] }),
    files({ waivers: [observe('audience_mismatch', 'lifetime_exceeded')] }),
  ],
  [
    'a neighbour removed, whose audience a waiver observes from then on',
    files({ waivers: [observe('audience_mismatch')] }),
    (parts) => {
      const changed = files({ waivers: [observe('audience_mismatch')] })(parts) as Registry;
      return { ...changed, servers: { files: changed.servers.files } };
    },
  ],
  ['an algorithm added', NARROW, corp({ algorithms: ['ES256', 'RS256'] })],
  ['a type of token added', NARROW, corp({ token_types: ['at+jwt', 'jwt'] })],
  ['a clock tolerance raised', NARROW, corp({ clock_tolerance_seconds: 60 })],
  ['another profile', NARROW, corp({ profile: 'keycloak' })],
  ['a key added', NARROW, (parts) => corp({ jwks: { keys: [world.key.jwk, other.jwk] } })(parts)],
  [
    'keys from another address',
    corp({ jwks: undefined, jwks_uri: 'https://login.example.com/a' }),
    corp({ jwks: undefined, jwks_uri: 'https://login.example.com/b' }),
  ],
  [
    'a server added',
    NARROW,
    servers((all) => ({ ...all, third: { ...all.billing, resource: 'https://third.example.com/mcp' } })),
  ],
  ['a server under another key', NARROW, servers(({ files: own, ...rest }) => ({ ...rest, docs: own }))],
  ['the call looked at by nobody', NARROW, files({ call_from: 'none' })],
  [
    'fewer scopes for what nobody looked at',
    files({ call_from: 'none' }),
    files({ call_from: 'none', base_scopes: [] }),
  ],
  ['the call taken from headers', NARROW, files({ call_from: 'headers' })],
  ['labels changed', NARROW, files({ labels: { tenant: 'b' } })],
  [
    'labels of a tool changed',
    NARROW,
    files({ tools: { read_file: { ...read, labels: { risk: 'low' } }, write_file: write } }),
  ],
])('%s', async (_, before, after) => {
  const parts = () => {
    const whole = base();
    return { whole, corp: whole.issuers.corp ?? {}, files: whole.servers.files ?? {} };
  };
  const [then, next] = [before(parts()), after(parts())];
  const file = (value: object) => world.write(`${crypto.randomUUID()}.json`, JSON.stringify(value));
  const { code, stdout, stderr } = await inProcess(['diff', await file(then), await file(next), '--json']);
  expect(stderr).toBe('');
  const { widened, undecided } = JSON.parse(stdout);
  expect([...widened, ...undecided]).not.toEqual([]);
  expect(code).toBe(1);
});
