/** Mutation: each planted mistake is noticed by a case, or listed with the case that notices it. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { audgate, createWorld } from './audgate.ts';

let world: Awaited<ReturnType<typeof createWorld>>;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

const REGISTRY = `issuers:
  corp: { issuer: https://login.example.com, jwks_uri: https://login.example.com/jwks, algorithms: [ES256] }
  partner: { issuer: https://partner.example.com, jwks_uri: https://partner.example.com/jwks, algorithms: [ES256] }
  old: { issuer: https://old.example.com, jwks_uri: https://old.example.com/jwks, algorithms: [ES256], disabled: true }
servers:
  files:
    resource: https://files.example.com/mcp
    issuers: [corp, old]
    max_lifetime_seconds: 900
    sender_constraint: dpop
    methods: { tools/call: { scopes: [mcp:call] }, resources/list: { scopes: [files:list] } }
    tools: { read_file: { scopes: [files:read, mcp:call] }, about: { scopes: [] } }
    prompts: { summary: { scopes: [files:read] } }
    resources: { "file:///docs/*": { scopes: [files:read] } }
  lab:
    resource: https://lab.example.com/mcp
    issuers: [corp, partner]
    max_lifetime_seconds: 3600
    actors: any
    scope_implies: { lab:admin: [lab:any] }
    unlisted_tools: { scopes: [lab:any] }
    tools: { reset: { scopes: [lab:any, lab:admin] } }
    waivers:
      - { what: lifetime, issuer: corp, client_id: batch, operations: [tools/call reset], max_lifetime_seconds: 7200, owner: lab, reason: slow, until: 2026-12-20T00:00:00Z }
      - { what: audience, issuer: partner, client_id: old, audience: "api://old", operations: [ping], owner: lab, reason: slow, until: 2026-12-20T00:00:00Z }
      - { what: observe, issuer: partner, client_id: seen, codes: [scope_insufficient], operations: [tools/call reset], owner: lab, reason: slow, until: 2026-12-20T00:00:00Z }
      - { what: audience, issuer: partner, client_id: ended, audience: "api://ended", operations: [tools/call reset], owner: lab, reason: slow, until: 2026-11-01T00:00:00Z }
`;

const HEAD = 'registry: ../registry.yaml\npolicies: ../rules\nnow: 2026-11-23T12:00:00Z\ncases:\n';
const CASES = `${HEAD}  - name: a small amount
    server: lab
    token: { issuer: corp, claims: { scope: "lab:any lab:admin" } }
    call: { method: tools/call, tool: reset, arguments: { amount: 5 } }
    expect: { decision: allow, reasons: [], status: 200 }
`;
const RULE = `package custom.amount

default satisfied := false

satisfied if input.call.tool != "reset"

satisfied if input.call.method != "tools/call"

satisfied if {
	is_number(input.call.arguments.amount)
	input.call.arguments.amount <= 10
}

denials contains {"code": "too_much"} if {
	not satisfied
	input.call.arguments.amount > 10 # redundant: another denial would only add a reason
}
`;
const LARGE = `  - name: a large amount
    server: lab
    token: { issuer: corp, claims: { scope: "lab:any lab:admin" } }
    call: { method: tools/call, tool: reset, arguments: { amount: 11 } }
    expect: { decision: deny, reasons: ["custom:amount/too_much"], status: 403 }
`;

interface Part {
  readonly noticed: number;
  readonly survivors: readonly { readonly what: string; readonly place: string; readonly case: string }[];
  readonly void: number;
}

async function mutated(
  name: string,
  cases: string,
  { rule = RULE, registry: written = REGISTRY }: { readonly rule?: string; readonly registry?: string } = {},
  ...flags: readonly string[]
) {
  const place = join(world.folder, name);
  const files = { 'registry.yaml': written, 'cases/one.yaml': cases, 'rules/amount.rego': rule };
  for (const [file, text] of Object.entries(files)) {
    await mkdir(join(place, file, '..'), { recursive: true });
    await writeFile(join(place, file), text);
  }
  const ran = await audgate(['policy', 'test', place, '--mutate', '--json', ...flags]);
  const { score, registry, rules }: { score: number; registry: Part; rules: Part } = JSON.parse(ran.stdout);
  return { ...ran, place, score, registry, rules };
}

test('lists every mistake that no case notices, with the case that notices it', async () => {
  const first = await mutated('first', CASES, {}, '--min-score', '100');
  expect(first.code).toBe(1);
  const survived = first.registry.survivors.map(({ what }) => what);
  expect(survived).toEqual(
    expect.arrayContaining([
      'files accepts tokens for https://lab.example.com/mcp',
      'files allows tokens a life of 1800 seconds, not 900',
      'files trusts the issuer partner too',
      'files lets any actor stand in a token',
      'files takes tokens that are bound to nobody',
      'files opens tools that it does not list',
      'files: prompts/get summary no longer needs files:read',
      'files: resources/read file:///docs/* no longer needs files:read',
      'files: resources/list no longer needs files:list',
      'files accepts an audience that is not its own',
      'files opens methods that it does not list',
      'files: the entry for file:///docs/* opens file:///*',
      'files: each other scope implies files:list',
      'corp may add other values to aud',
      'corp issues access tokens of the type JWT',
      'lab: the lifetime waiver for batch allows a life of 14400 seconds, not 7200',
      'lab: the lifetime waiver for batch is for other clients too',
      'lab: the audience waiver for old is for other operations too',
      'lab: the observe waiver for seen is for other clients too',
      'lab: the audience waiver for ended has not ended',
      'lab: tools/call * no longer needs lab:any',
      'lab: tools/call reset no longer needs lab:admin',
      'the issuer old is not disabled',
      'the clock of corp may be 60 seconds wrong, not 5',
    ]),
  );

  const lost = 'without input.call.arguments.amount <= 10';
  const moved = 'input.call.arguments.amount <= 10 + 1, not input.call.arguments.amount <= 10';
  const strict = 'input.call.arguments.amount < 10, not input.call.arguments.amount <= 10';
  const turned = 'input.call.arguments.amount >= 10, not input.call.arguments.amount <= 10';
  const unused = 'input.call.method != "tools/call" never holds';
  const told = first.rules.survivors.map(({ what }) => what);
  expect(told).toEqual(expect.arrayContaining([lost, moved, strict, unused]));
  expect(told).not.toContain(turned);

  // Pasted as they are, they notice.
  const pasted = first.registry.survivors.map(({ case: written }) => written).join('');
  const second = await mutated('second', CASES + pasted + LARGE, {}, '--min-score', '100');
  expect(second.registry.survivors).toEqual([]);
  const left = second.rules.survivors.map(({ what }) => what);
  expect(left).toContain(strict);
  expect(left).not.toContain(lost);
  expect(left).not.toContain(moved);
  expect(second.registry.noticed).toBe(first.registry.noticed + first.registry.survivors.length);
}, 180_000);

test('a rule that only reports is changed too, and no case of decisions notices', async () => {
  const reporting = `# METADATA
# scope: package
# custom:
#   enforcement: report
${RULE}`;
  const { rules } = await mutated('reporting', CASES, { rule: reporting });
  expect(rules.survivors.map(({ what }) => what)).toContain('is_number(input.call.arguments.amount) never holds');
}, 180_000);

test('a label that a rule reads is lost or raised, and one that nobody reads is let alone', async () => {
  const rule = RULE.replaceAll('10', 'input.registered.operation.labels.most');
  const labelled = REGISTRY.replace('reset: { scopes: [lab:any, lab:admin]', '$&, labels: { most: 10, risk: 1 }');
  const { registry } = await mutated('labelled', CASES, { rule, registry: labelled });
  const told = registry.survivors.map(({ what }) => what).filter((what) => what.includes('label'));
  expect(told).toEqual(['lab: the label most of tools/call reset is 11, not 10']);
}, 180_000);

test('changes nothing where the tests fail already', async () => {
  const failing = CASES.replace('decision: allow', 'decision: deny');
  const { code, stdout } = await mutated('failing', failing);
  expect(code).toBe(1);
  expect(JSON.parse(stdout).counts.failed).toBe(1);
  expect(await readFile(join(world.folder, 'failing', 'rules', 'amount.rego'), 'utf8')).toBe(RULE);
});

test('a score is a percentage', async () => {
  const { code, stderr } = await audgate(['policy', 'test', world.folder, '--min-score', '101']);
  expect(code).toBe(2);
  expect(stderr).toContain('Write a whole number, 0 to 100.');
});
