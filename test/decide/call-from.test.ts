/** What a gateway's request is decided as, by the server's call_from; the service comes up, so activation agrees. */
import { describe, expect, it } from 'vitest';
import type { Ask } from '../../src/decide/ask.ts';
import { FILES } from '../property/world.ts';
import { EVERYONE, openDesk, READ_FILE } from './desk.ts';

const post = (text: string): Partial<Ask> => ({
  source: { kind: 'request', method: 'POST', body: { kind: 'whole', bytes: Buffer.from(text) } },
});
const CALL = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"write_file","arguments":{}}}';
const ALL = ['files:read', 'files:write', 'files:own', ...Array.from({ length: 20 }, (_, at) => `s${at}`)];

describe('call_from: none', () => {
  const files = { call_from: 'none' };

  it('needs every scope of the server, and says that nobody looked at the call', async () => {
    const desk = await openDesk({ files });
    const token = await desk.token({ claims: { scope: ALL.join(' ') } });
    const decision = await desk.decide({ token, ...post(CALL) });
    expect(decision).toMatchObject({ decision: 'allow', advice: { call_from: 'none' } });
    expect(desk.events[0]).toMatchObject({ asked: { method: '*' } });
    const { would_decide, input } = await desk.explain({ token, ...post(CALL) });
    expect(would_decide).toMatchObject({ advice: { call_from: 'none' } });
    expect(input).toMatchObject({ call: { method: '*' }, registered: { operation: { name: '*', scopes: ALL } } });
  });

  it('denies a token that lacks one of them, and asks for all', async () => {
    const desk = await openDesk({ files });
    const token = await desk.token({ claims: { scope: ALL.slice(1).join(' ') } });
    expect(await desk.decide({ token, ...post('no JSON at all') })).toMatchObject({
      reasons: [{ code: 'scope_insufficient' }],
      challenge: { headers: { 'www-authenticate': [expect.stringContaining(`scope="${ALL.join(' ')}"`)] } },
    });
  });

  it('needs the base scopes alone, where the registry lists them', async () => {
    const desk = await openDesk({ files: { ...files, base_scopes: ['files:base'] } });
    const based = await desk.token({ claims: { scope: 'files:base' } });
    const read = await desk.token();
    expect(await desk.decide({ token: based, ...post(CALL) })).toMatchObject({ decision: 'allow' });
    expect(await desk.decide({ token: read, ...post(CALL) })).toMatchObject({
      reasons: [{ code: 'scope_insufficient' }],
    });
  });

  it('still asks whom the token was issued for', async () => {
    const desk = await openDesk({ files: { ...files, base_scopes: [] } });
    const foreign = await desk.token({ claims: { aud: 'https://billing.example.com/mcp' } });
    expect(await desk.decide({ token: foreign, ...post(CALL) })).toMatchObject({
      reasons: [{ code: 'audience_mismatch' }],
    });
  });

  it('no waiver covers it: waivers name operations', async () => {
    const desk = await openDesk({ files: { ...files, base_scopes: [] } });
    const waived = await desk.token({ claims: { client_id: 'nightly', exp: '+3600' } });
    expect(await desk.decide({ token: waived, source: READ_FILE })).toMatchObject({ decision: 'allow' });
    expect(await desk.decide({ token: waived, ...post(CALL) })).toMatchObject({
      reasons: [{ code: 'lifetime_exceeded' }],
    });
  });

  it('is not said where no call was asked about', async () => {
    const desk = await openDesk();
    const list = await desk.service.allowed({ server: FILES, token: await desk.token() }, EVERYONE);
    expect(list).toMatchObject({ decision: 'allow', advice: {} });
    expect(list).not.toHaveProperty('advice.call_from');
  });

  it('says nothing of a call that the gateway names itself', async () => {
    const desk = await openDesk({ files });
    const decision = await desk.decide({ token: await desk.token(), source: READ_FILE });
    expect(decision).toMatchObject({ decision: 'allow', advice: {} });
    expect(decision).not.toHaveProperty('advice.call_from');
  });
});

describe('call_from: headers', () => {
  const headers = (name: string) => ({
    'mcp-method': ['tools/call'],
    'mcp-name': [name],
    'mcp-protocol-version': ['2026-07-28'],
  });

  it('judges what the headers name, and not the body', async () => {
    const desk = await openDesk({ files: { call_from: 'headers' } });
    const token = await desk.token();
    expect(await desk.decide({ token, headers: headers('read_file'), ...post(CALL) })).toMatchObject({
      decision: 'allow',
      advice: {},
    });
    expect(await desk.decide({ token, headers: headers('write_file'), ...post(CALL) })).toMatchObject({
      reasons: [{ code: 'scope_insufficient' }],
    });
    expect(await desk.decide({ token, ...post(CALL) })).toMatchObject({ reasons: [{ code: 'call_missing' }] });
  });
});

describe('call_from: body', () => {
  it('judges the body, with which the headers must agree', async () => {
    const desk = await openDesk();
    const token = await desk.token();
    expect(await desk.decide({ token, ...post(CALL) })).toMatchObject({ reasons: [{ code: 'scope_insufficient' }] });
    const headers = { 'mcp-name': ['read_file'] };
    expect(await desk.decide({ token, headers, ...post(CALL) })).toMatchObject({
      reasons: [{ code: 'header_mismatch' }],
      challenge: { status: 400, body: { id: 1, error: { code: -32020 } } },
    });
  });

  it('a GET is denied where nobody listed it', async () => {
    const get: Partial<Ask> = { source: { kind: 'request', method: 'GET', body: { kind: 'absent' } } };
    const desk = await openDesk();
    expect(await desk.decide({ token: await desk.token(), ...get })).toMatchObject({
      reasons: [{ code: 'method_unknown' }],
    });
    const open = await openDesk({ files: { methods: { 'http/get': {} } } });
    expect(await open.decide({ token: await open.token(), ...get })).toMatchObject({ decision: 'allow' });
  });
});

it('the record holds what a subscription touches, cut like all that clients write', async () => {
  const desk = await openDesk();
  const uris = ['file:///docs/a', 'file:///etc'];
  await desk.decide({ token: await desk.token(), source: { kind: 'call', method: 'subscriptions/listen', uris } });
  expect(desk.events[0]?.input).toMatchObject({
    call: { method: 'subscriptions/listen', uris },
    registered: { unlisted: { uris: ['file:///etc'], tasks: [] } },
  });
});
