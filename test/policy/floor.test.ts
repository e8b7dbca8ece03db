import { describe, expect, it } from 'vitest';
import { belowFloor } from '../../src/policy/floor.ts';
import { audienceWaiver, NOW, question } from './questions.ts';

const RESOURCE = 'https://files.example.com/mcp';

describe('the floor', () => {
  it.each([
    ['the resource', [RESOURCE]],
    ['another accepted audience', [`${RESOURCE}/`]],
    ['two accepted audiences', [RESOURCE, `${RESOURCE}/`]],
    ['what the issuer adds beside it', ['account', RESOURCE]],
  ])('lets stand an allow for aud = %s', (_, audiences) => {
    expect(belowFloor(question({ token: { audiences } }))).toBeNull();
  });

  it.each([
    ['nothing', []],
    ['a neighbour', ['https://billing.example.com/mcp']],
    ['a neighbour beside it', [RESOURCE, 'https://billing.example.com/mcp']],
    ['only what the issuer adds', ['account']],
    ['the parent', ['https://files.example.com']],
    ['another case', ['https://FILES.example.com/mcp']],
    ['a default port', ['https://files.example.com:443/mcp']],
    ['another Unicode form', ['https://files.example.com/mcp\u0301']],
    ['the empty text', ['']],
  ])('does not for aud = %s', (_, audiences) => {
    expect(belowFloor(question({ token: { audiences } }))).toMatch(/aud/);
  });

  it('does not for an issuer that the server does not list', () => {
    expect(belowFloor(question({ issuer: { key: 'partner' } }))).toMatch(/issuer/);
  });

  it('does not without exp', () => {
    const { expires_at: _, ...token } = question().token;
    expect(belowFloor({ ...question(), token })).toMatch(/expire/);
  });

  it('holds exp to the second, tolerance included', () => {
    const expires_at = NOW - 4;
    expect(belowFloor(question({ token: { expires_at } }))).toBeNull();
    expect(belowFloor(question({ token: { expires_at: NOW - 5 } }))).toMatch(/expire/);
    expect(belowFloor(question({ token: { expires_at: Number.NaN } }))).toMatch(/expire/);
  });
});

describe('an audience waiver at the floor', () => {
  const token = { audiences: ['api://default'] };
  const floorWith = (waiver: ReturnType<typeof audienceWaiver>, change: object = {}) =>
    belowFloor(question({ token: { ...token, ...change }, waivers: [waiver] }));

  it('in force for this issuer, client, operation and value lets the allow stand', () => {
    expect(floorWith(audienceWaiver())).toBeNull();
    expect(floorWith(audienceWaiver({ until_seconds: NOW + 1 }))).toBeNull();
  });

  it.each([
    ['ended now', audienceWaiver({ until_seconds: NOW })],
    ['of another issuer', audienceWaiver({ issuer: 'partner' })],
    ['of another client', audienceWaiver({ client_id: 'client-2' })],
    ['for another operation', audienceWaiver({ operations: ['tools/call write_file'] })],
    ['for another value', audienceWaiver({ audience: 'api://other' })],
    ['of a lifetime', audienceWaiver({ what: 'lifetime' })],
  ])('%s does not', (_, waiver) => {
    expect(floorWith(waiver)).toMatch(/aud/);
  });

  it('does not for a second value beside the waived one', () => {
    expect(floorWith(audienceWaiver(), { audiences: ['api://default', 'api://other'] })).toMatch(/aud/);
  });

  it('does not for an operation that the registry does not know', () => {
    const asked = question({ token, waivers: [audienceWaiver()] });
    const { operation: _, ...registered } = asked.registered;
    expect(belowFloor({ ...asked, registered })).toMatch(/aud/);
  });
});
