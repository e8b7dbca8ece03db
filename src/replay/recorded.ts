/**
 * One line of a decision log, read strictly: whoever wants it explained pasted it, and is told where it is wrong. Logs hold
 * lines of other versions too, so members that are not read here may be anything.
 */
import { z } from 'zod';
import { CUSTOM_CODE, isFixedCode, type ReasonCode } from '../decision/reasons.ts';
import type { JsonProblem } from '../json/locate.ts';
import { mismatches } from '../json/mismatch.ts';
import { readJson } from '../json/read.ts';
import { isJsonObject, type JsonObject } from '../json/value.ts';
import { detailsForm, proofForm } from './credentials.ts';

const text = z.string();
const texts = z.array(text);
/** Of the token rules (contract 5): what no decision was about would only keep the reader busy. */
const audiences = texts.max(16);
const scopes = texts.max(256);
/** As token times: beyond, there is no such date. */
const seconds = z.int().min(0).max(253_402_300_799);
const object = z.custom<JsonObject>((value) => isJsonObject(value), { error: 'must be an object' });
const context = z.looseObject({
  caller: text,
  client_ip: text.optional(),
  request_id: text.optional(),
  extra: object.optional(),
});
const code = z.custom<ReasonCode>(
  (value) => typeof value === 'string' && (isFixedCode(value) || CUSTOM_CODE.test(value)),
  { error: 'must be a reason code of this version, or custom:<rule>/<code>' },
);
const evidence = z.array(z.union([text, z.number()]));
const revision = z.looseObject({ revision: text });

const judged = z.looseObject({
  now: seconds,
  call: z.looseObject({
    method: text,
    tool: text.optional(),
    prompt: text.optional(),
    uri: text.optional(),
    task: text.optional(),
    lists: texts.optional(),
    uris: texts.optional(),
    tasks: texts.optional(),
    arguments: object.optional(),
  }),
  token: z.looseObject({
    type: text,
    algorithm: text.optional(),
    key_id: text.optional(),
    audiences,
    scopes,
    subject: text.optional(),
    client_id: text.optional(),
    issued_at: seconds.optional(),
    expires_at: seconds.optional(),
    not_before: seconds.optional(),
    confirmation: object.optional(),
    actor: text.optional(),
    actors: texts.max(16).optional(),
    authentication_context: text.optional(),
    authenticated_at: seconds.optional(),
    authorization_details: detailsForm.max(64).optional(),
  }),
  proof: proofForm.optional(),
  registered: z.looseObject({
    server: z.looseObject({ key: text, resource: text }),
    issuer: z.looseObject({ key: text, issuer: text }),
  }),
  context,
});

const question = z.looseObject({
  server: text,
  call: z.looseObject({ method: text, target: text.optional() }).optional(),
  context,
});

const around = {
  decision_id: text,
  timestamp: z.iso.datetime(),
  bundles: z.looseObject({ registry: revision, core: revision, custom: revision.optional() }),
  path: text,
  result: z.looseObject({
    decision: z.enum(['allow', 'deny', 'indeterminate']),
    reasons: z.array(
      z.looseObject({
        code,
        message: text,
        expected: evidence.optional(),
        actual: evidence.optional(),
        verified: z.boolean().optional(),
        rule: text.optional(),
      }),
    ),
    revision: text,
  }),
  erased: texts,
};
const frame = z.looseObject(around);
const judgedForm = z.looseObject({ ...around, input: judged });
const questionForm = z.looseObject({ ...around, input: question });

export type JudgedRecord = z.output<typeof judged>;
export type QuestionRecord = z.output<typeof question>;
export type Recorded = z.output<typeof frame> & { readonly input: JudgedRecord | QuestionRecord };

export type ReadRecord =
  | { readonly ok: true; readonly record: Recorded }
  | { readonly ok: false; readonly problems: readonly JsonProblem[] };

/** Levels: those of a record around arguments of 32. */
const MAX_DEPTH = 48;

export function readRecord(line: string | Uint8Array): ReadRecord {
  const read = readJson(line, { depth: MAX_DEPTH });
  if (!read.ok) return read;
  const { value } = read;
  // Told apart by one member, so that problems are those of the form that was meant.
  const input = isJsonObject(value) ? value.input : undefined;
  const form = isJsonObject(input) && Object.hasOwn(input, 'registered') ? judgedForm : questionForm;
  const parsed = form.safeParse(value);
  if (parsed.success) return { ok: true, record: parsed.data };
  return { ok: false, problems: mismatches(form, value, parsed.error.issues) };
}

export function isJudged(input: Recorded['input']): input is JudgedRecord {
  return 'registered' in input;
}
