import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { createOpenapi } from '../../src/http/openapi.ts';
import { PROBLEMS } from '../../src/http/problems.ts';
import { ALLOW, DENY, INDETERMINATE, serve } from './serve.ts';

interface Operation {
  readonly responses: Readonly<Record<string, unknown>>;
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
    const { url } = await serve();
    const { paths } = await document();
    for (const [path, operations] of Object.entries(paths)) {
      for (const method of Object.keys(operations)) {
        const response = await fetch(`${url}${path.replace('{key}', 'files')}`, { method: method.toUpperCase() });
        expect([200, 415]).toContain(response.status);
      }
    }
    expect(Object.keys(paths)).toHaveLength(10);
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
      [{ server: 'x', proof: {} }, false],
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
