/** Case files (contract 9): one decision a case, with the calls, tokens and answers that users write down. */
import { z } from 'zod';
import { DPOP_ALGORITHMS } from '../decision/dpop.ts';
import { CUSTOM_CODE, isFixedCode, REASONS } from '../decision/reasons.ts';
import { readEntry, writtenEntry } from '../facts/revocation/entry.ts';
import { nearestName } from '../json/nearest.ts';
import type { Json, JsonObject } from '../json/value.ts';
import { below, comparePlaces, type Place, problemAt, quote, type Report } from '../registry/place.ts';
import { checkPlain } from '../registry/plain.ts';
import { readText } from '../registry/read.ts';
import type { Problem } from '../registry/registry.ts';
import { shape } from '../registry/shape.ts';

/** `checkPlain` has seen to it that the value is one. */
const anyJson: z.ZodType<Json> = z.any().meta({ description: 'any JSON value' });
const object: z.ZodType<JsonObject> = z.record(z.string(), anyJson).meta({ description: 'a mapping' });
const text = (description: string) => z.string().meta({ description });

/** One object for both kinds, so that a mistake in a member is shown at that member; `checkToken` tells them apart. */
const token = z
  .union([
    z.strictObject({
      text: text('the token, sent as it is; nothing may stand beside it').optional(),
      issuer: text('the registry key of the issuer that signs the token').optional(),
      header: object.optional().meta({ description: 'header members laid over the right ones; null removes one' }),
      claims: object.optional().meta({
        description:
          'claims laid over the right ones; null removes one; exp, iat, nbf and auth_time may be "+300": seconds from now',
      }),
      sign: z
        .enum(['valid', 'foreign_key', 'none', 'broken'])
        .optional()
        .meta({ description: 'valid, foreign_key, none or broken' }),
    }),
    z.null(),
  ])
  .optional()
  .meta({ description: 'null, {text}, or {issuer, header, claims, sign}', examples: [{ issuer: 'corp' }] });

const mintedProof = z.strictObject({
  algorithm: z.enum(DPOP_ALGORITHMS).optional().meta({ description: 'the algorithm of its key; default ES256' }),
  header: object.optional().meta({ description: 'header members laid over the right ones; null removes one' }),
  claims: object.optional().meta({
    description: 'claims laid over the right ones; null removes one; iat may be "-61": seconds from now',
  }),
  sign: z
    .enum(['valid', 'foreign_key', 'none', 'broken'])
    .optional()
    .meta({ description: 'valid, foreign_key, none or broken' }),
  key: z
    .enum(['own', 'other'])
    .optional()
    .meta({ description: 'own, to which the token is bound, or other: a proof that is right but for its key' }),
  times: z.int().min(0).max(9).optional().meta({ description: 'how many DPoP headers are sent; default 1' }),
  nonce: z
    .enum(['missing', 'fresh', 'ageing', 'old'])
    .optional()
    .meta({ description: 'proofs need a nonce, and this one’s is missing, fresh, ageing or old' }),
  use: z.enum(['fresh', 'replayed', 'forgotten', 'unavailable']).optional().meta({
    description:
      'fresh, replayed (it was used before), forgotten (older than what is remembered), or unavailable: nobody can know',
  }),
});

const proof = z.strictObject({
  dpop: z
    .union([z.string(), z.array(z.string()), mintedProof])
    .optional()
    .meta({ description: 'values of the DPoP header as they are sent, or a mapping: a right proof, laid over' }),
  client_certificate: text('the certificate of the client’s connection, in PEM').optional(),
});

const call = z.strictObject({
  method: text('an MCP method'),
  tool: text('the name of a tool').optional(),
  prompt: text('the name of a prompt').optional(),
  uri: text('the URI of a resource').optional(),
  task: text('the id of a task').optional(),
  lists: z.array(text('the method of a list, like tools/list')).optional().meta({ description: 'a list of lists' }),
  uris: z.array(text('the URI of a resource')).optional().meta({ description: 'a list of resources' }),
  tasks: z.array(text('the id of a task')).optional().meta({ description: 'a list of tasks' }),
  arguments: object.optional().meta({ description: 'a mapping of arguments' }),
});

const headers = z
  .record(
    z
      .string()
      .regex(/^[^A-Z]*$/)
      .meta({ description: 'a lower-case header name' }),
    z.array(z.string()).meta({ description: 'a list of values' }),
  )
  .meta({ description: 'a mapping of lower-case header names to lists of values' });

const expectation = z.strictObject({
  decision: z.enum(['allow', 'deny', 'indeterminate']).meta({ description: 'allow, deny or indeterminate' }),
  reasons: z.array(text('a reason code')).meta({ description: 'the list of all reason codes, in order' }),
  status: z
    .int()
    .min(100)
    .max(599)
    .meta({
      description: 'the status of the challenge; 200 for allow, 503 for indeterminate',
      examples: [200],
    }),
  challenge: z
    .strictObject({
      headers: headers.optional().meta({ description: 'headers of the challenge; {} means none at all' }),
      body: anyJson.optional(),
    })
    .optional()
    .meta({ description: 'what of the challenge is compared: {headers, body}' }),
});

const decisionCase = z.strictObject({
  name: z.string().min(1).meta({ description: 'what the case shows, unique in its file' }),
  server: text('the registry key of a server, or any other text, which is sent as it is'),
  token,
  scheme: text('the authentication scheme').optional(),
  call: call.optional().meta({ description: 'a mapping with method and its target' }),
  message: anyJson.optional().meta({ description: 'the JSON-RPC message' }),
  body: z
    .union([z.string(), z.strictObject({ base64: z.base64() })])
    .optional()
    .meta({ description: 'the bytes of the JSON-RPC message, as a text or {base64}' }),
  http: z
    .strictObject({
      method: text('the method').optional(),
      url: text('the URL').optional(),
      headers: headers.optional(),
    })
    .optional()
    .meta({ description: 'a mapping with method, url and headers' }),
  proof: proof.optional().meta({
    description:
      'a mapping with dpop and client_certificate. The token is bound to a minted proof’s key and to the certificate, beside a proof the scheme is DPoP and http.method is POST, unless the case says otherwise',
  }),
  context: z
    .strictObject({
      client_ip: text('the address of the client').optional(),
      request_id: text('the id of the request').optional(),
      extra: object.optional(),
    })
    .optional()
    .meta({ description: 'a mapping with client_ip, request_id and extra' }),
  keys: z.literal('unavailable').optional().meta({ description: 'unavailable: no issuer’s keys can be had' }),
  revoked: z
    .union([z.literal('unavailable'), z.array(writtenEntry)])
    .optional()
    .meta({ description: 'a list of revoked tokens, or unavailable: it cannot be had' }),
  expect: expectation.meta({ description: 'a mapping with decision, reasons and status' }),
});

const caseFile = z.strictObject({
  registry: z
    .union([z.string().min(1), object])
    .meta({ description: 'the path of a registry, relative to this file, or the registry itself' }),
  policies: text('the folder of custom rules, relative to this file').optional(),
  now: z.iso.datetime({ precision: 0 }).meta({ description: 'the time of all cases in UTC (RFC 3339 with Z)' }),
  cases: z.array(decisionCase).min(1).meta({ description: 'a list of cases' }),
});

export type CaseFile = z.output<typeof caseFile>;
export type Case = z.output<typeof decisionCase>;
export type Expectation = z.output<typeof expectation>;

export type ReadCases =
  | {
      readonly ok: true;
      readonly file: CaseFile;
      /** Of each case, 1-based. */
      readonly lines: readonly number[];
      /** Where an inline registry stands. */
      readonly registryPlace: Place;
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** @param path as problems name it */
export function readCases(source: string, path: string): ReadCases {
  const problems: Problem[] = [];
  const report: Report = (place, finding) => problems.push(problemAt(place, finding));
  const { value, place } = readText(source, path, report);
  if (problems.length === 0) checkPlain(value, place, report);
  const shaped = problems.length === 0 ? shape(value, caseFile, z.unknown(), undefined, place, report) : undefined;
  const file = shaped?.strict;
  if (file !== undefined) checkCases(file.cases, below(place, 'cases'), report);
  if (file === undefined || problems.length > 0) return { ok: false, problems: problems.sort(comparePlaces) };
  const lines = file.cases.map((_, at) => place.origin.locate(['cases', at], 'value').line);
  return { ok: true, file, lines, registryPlace: below(place, 'registry') };
}

/** What one value alone cannot tell. */
function checkCases(cases: readonly Case[], place: Place, report: Report): void {
  const names = new Set<string>();
  for (const [at, one] of cases.entries()) {
    const here = below(place, at);
    if (names.has(one.name)) {
      const remedy = 'Give each case its own name.';
      report(below(here, 'name'), { value: one.name, message: 'Another case has this name.', remedy });
    }
    names.add(one.name);
    const sources = (['call', 'message', 'body'] as const).filter((name) => one[name] !== undefined);
    if (sources.length > 1) {
      const message = `The case has ${sources.join(' and ')}.`;
      report(here, { at: 'name', value: null, message, remedy: 'Keep one of them; a request holds at most one.' });
    }
    checkToken(one.token, below(here, 'token'), report);
    checkRevoked(one.revoked, below(here, 'revoked'), report);
    for (const [index, code] of one.expect.reasons.entries()) {
      if (isFixedCode(code) || CUSTOM_CODE.test(code)) continue;
      const near =
        nearestName(
          code,
          REASONS.map((reason) => reason.code),
        ) ?? 'a code of docs/reasons.md';
      const message = `There is no reason code ${quote(code)}.`;
      report(below(here, 'expect', 'reasons', index), { value: code, message, remedy: `Write ${near}.` });
    }
  }
}

function checkToken(token: Case['token'], place: Place, report: Report): void {
  if (token === undefined || token === null) return;
  const { text, issuer, ...overlays } = token;
  const minted = issuer !== undefined || Object.keys(overlays).length > 0;
  if (text !== undefined && !minted) return;
  if (text === undefined && issuer !== undefined) return;
  const message =
    text === undefined ? 'The token has neither text nor issuer.' : 'The token has a text, and something beside it.';
  report(place, { at: 'name', value: null, message, remedy: 'Write {text: "…"}, or {issuer: …} with its overlays.' });
}

function checkRevoked(revoked: Case['revoked'], place: Place, report: Report): void {
  if (typeof revoked !== 'object') return;
  for (const [index, entry] of revoked.entries()) {
    const read = readEntry(entry);
    for (const { pointer, message } of read.ok ? [] : read.problems) {
      const member = pointer.slice(1);
      report(below(place, index, member), {
        value: null,
        message: `${member} ${message}.`,
        remedy: 'Write the entry as docs/revocation.md says.',
      });
    }
  }
}

/** `schemas/cases.schema.json`: what editors check case files with. */
export function casesJsonSchema(): object {
  return { title: 'audgate decision cases', ...z.toJSONSchema(caseFile, { io: 'input' }) };
}
