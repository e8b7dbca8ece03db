import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { createOpenapi } from '../../src/http/openapi.ts';
import { PROBLEMS } from '../../src/http/problems.ts';
import { ALLOW, caller, DENY, FILES, INDETERMINATE, NOTHING, OPENED, serve } from './serve.ts';

interface Operation {
  readonly responses: Readonly<Record<string, { readonly content?: object }>>;
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

const document = async (): Promise<Document> => {
  const { url } = await serve();
  return (await (await fetch(`${url}/openapi.json`)).json()) as Document;
};

describe('GET /openapi.json', () => {
  it('is OpenAPI 3.1 in the eyes of a validator, all references resolved', async () => {
    const validator = new Validator();
    const result = await validator.validate({ ...(await document()) });
    expect(result.errors).toBeUndefined();
    expect(result.valid).toBe(true);
    expect(validator.version).toBe('3.1');
    expect(JSON.stringify(validator.resolveRefs())).not.toContain('"$ref"');
  });

  it('documents every path that is served', async () => {
    expect(Object.keys((await document()).paths).sort()).toEqual([
      '/.well-known/authzen-configuration',
      '/access/v1/evaluation',
      '/access/v1/evaluations',
      '/health/live',
      '/health/ready',
      '/metrics',
      '/openapi.json',
      '/v1/allowed',
      '/v1/data/audgate/decide',
      '/v1/decide',
      '/v1/enforce',
      '/v1/events',
      '/v1/explain',
      '/v1/gateways/{profile}/{key}',
      '/v1/issuance/decide',
      '/v1/reach',
      '/v1/servers',
      '/v1/servers/{key}',
      '/v1/servers/{key}/protected-resource-metadata',
      '/v1/status',
    ]);
  });

  it('documents what each of them answers: with a question that is none, and without the caller’s key', async () => {
    const { paths } = await document();
    const open = await serve();
    const closed = await serve({ callers: { edge: caller('k', '*', ['decide']) } });
    for (const [path, operations] of Object.entries(paths)) {
      for (const [method, { responses }] of Object.entries(operations)) {
        for (const { url } of [open, closed]) {
          const target = `${url}${path.replace('{profile}', 'envoy').replace('{key}', 'files')}`;
          const response = await fetch(target, { method: method.toUpperCase() });
          const documented = responses[response.status];
          expect([path, response.status, documented !== undefined]).toEqual([path, response.status, true]);
          const type = response.headers.get('content-type')?.split(';')[0];
          expect([path, response.status, type, Object.keys(documented?.content ?? {}).includes(`${type}`)]).toEqual([
            path,
            response.status,
            type,
            true,
          ]);
        }
      }
    }
  });

  it.each([
    ['/v1/allowed', 200, 'Allowed', { ...ALLOW, ...OPENED, custom: 'none' }],
    ['/v1/allowed', 200, 'Allowed', { ...DENY, ...NOTHING, custom: 'not_judged' }],
    ['/v1/allowed', 503, 'AllowedIndeterminate', { ...INDETERMINATE, ...NOTHING, custom: 'none' }],
  ])('%s with %i fits %s', async (_path, _status, name, answer) => {
    const { components } = await document();
    const fits = new Ajv2020({ strict: false, validateFormats: false }).compile(components.schemas[name] ?? {});
    expect([fits(answer), fits({ ...answer, tools: 'all' })]).toEqual([true, false]);
  });

  it('has JSON Schemas for AuthZEN and the Data API that accept what is answered, and the questions that are taken', async () => {
    const { components } = await document();
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    const fits = (name: string, value: unknown) => ajv.compile(components.schemas[name] ?? {})(value);
    const resource = { type: 'tool', id: 'read_file', properties: { server: FILES } };
    const one = { subject: { type: 'access_token', id: 'x' }, action: { name: 'tools/call' }, resource, more: 1 };
    const input = { server: FILES };
    for (const decision of [ALLOW, DENY, INDETERMINATE]) {
      const { post } = await serve({ decide: async () => decision });
      const answered = async (path: string, body: object) => (await post(body, {}, path)).json();
      expect(fits('Evaluated', await answered('/access/v1/evaluation', one))).toBe(true);
      expect(fits('EvaluatedEither', await answered('/access/v1/evaluations', one))).toBe(true);
      expect(
        fits('EvaluatedEither', await answered('/access/v1/evaluations', { ...one, evaluations: [{}, { action: 1 }] })),
      ).toBe(true);
      expect(fits('DataAnswer', await answered('/v1/data/audgate/decide', { input }))).toBe(true);
      expect(fits('DataAnswer', await answered('/v1/data/audgate/decide', {}))).toBe(true);
      expect(fits('OpaError', await answered('/v1/data/audgate/decide', { input: 1 }))).toBe(true);
    }
    expect([fits('EvaluationRequest', one), fits('EvaluationRequest', { ...one, action: {} })]).toEqual([true, false]);
    expect([
      fits('EvaluationsRequest', { evaluations: [{}] }),
      fits('EvaluationsRequest', { evaluations: {} }),
    ]).toEqual([true, false]);
    expect([fits('DataRequest', { input }), fits('DataRequest', { input: {} })]).toEqual([true, false]);
  });

  it('documents every status of a problem somewhere, but 405, which no operation has', async () => {
    const { paths } = await document();
    const documented = new Set(
      Object.values(paths).flatMap((path) => Object.values(path).flatMap(({ responses }) => Object.keys(responses))),
    );
    const missing = Object.values(PROBLEMS).filter(({ status }) => status !== 405 && !documented.has(String(status)));
    expect(missing).toEqual([]);
  });

  it('has a JSON Schema for decisions that accepts them and no others', async () => {
    const { components } = await document();
    // `format` is an annotation here (JSON Schema 2020-12 §7.2.1).
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    const decided = ajv.compile(components.schemas.Decided ?? {});
    expect([decided(ALLOW), decided(DENY)]).toEqual([true, true]);
    expect(decided(INDETERMINATE)).toBe(false);
    expect(decided({ ...ALLOW, reasons: DENY.reasons })).toBe(false);
    expect(decided({ ...ALLOW, token: 'x' })).toBe(false);
  });

  it('has a JSON Schema for questions that says what the service says', async () => {
    const { components } = await document();
    const ask = new Ajv2020({ strict: false, validateFormats: false }).compile(components.schemas.DecideRequest ?? {});
    const { post } = await serve();
    const questions: readonly (readonly [unknown, boolean])[] = [
      [{ server: 'x' }, true],
      [{ server: 'x', message: null, token: null }, true],
      [{ server: 'x', call: { method: 'ping', arguments: {} } }, true],
      [{ server: 'x', call: { method: 'ping', arguments: [] } }, false],
      [{ server: 'x', body: { base64: '' } }, true],
      [{ server: 'x', body: 1 }, false],
      [{ server: 'x', scheme: 'a b' }, false],
      [{ server: 'x', proof: {} }, true],
      [{ server: 'x', proof: { dpop: 'x' } }, false],
      [{ server: 'x', http: { headers: { A: [] } } }, false],
      [{}, false],
    ];
    for (const [question, valid] of questions) {
      expect([question, ask(question), (await post(question)).status]).toEqual([question, valid, valid ? 200 : 400]);
    }
  });

  it('says every way in which a caller is known, and that none is needed where nobody is configured', async () => {
    const { security, components } = createOpenapi('1.0.0');
    expect(security).toEqual([{ callerKey: [] }, { callerBearer: [] }, { callerCertificate: [] }, {}]);
    expect(components).toMatchObject({
      securitySchemes: {
        callerKey: { type: 'apiKey', in: 'header', name: 'X-Audgate-Key' },
        callerBearer: { type: 'http', scheme: 'bearer' },
        callerCertificate: { type: 'mutualTLS' },
      },
    });
  });

  it('is made of the version that it is given', () => {
    expect(createOpenapi('9.9.9')).toMatchObject({ openapi: '3.1.0', info: { version: '9.9.9' } });
  });
});
