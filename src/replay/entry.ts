/** Lines of a decision log, read back as far as they are judged again. What others wrote into a log is not trusted to have a form. */
import { z } from 'zod';
import { readJson } from '../json/read.ts';
import { isJsonObject, type JsonObject } from '../json/value.ts';
import { detailsForm, proofForm } from './credentials.ts';

const texts = z.array(z.union([z.string(), z.number()]).transform(String));
const optionalText = z.string().optional();
const seconds = z.int();
const object = z.custom<JsonObject>((value) => isJsonObject(value));

const context = z.looseObject({
  caller: z.string(),
  client_ip: optionalText,
  request_id: optionalText,
  extra: object.optional(),
});

const judged = z.looseObject({
  now: seconds,
  call: z.looseObject({
    method: z.string(),
    tool: optionalText,
    prompt: optionalText,
    uri: optionalText,
    task: optionalText,
    lists: texts.optional(),
    uris: texts.optional(),
    tasks: texts.optional(),
    arguments: object.optional(),
  }),
  token: z.looseObject({
    type: z.string(),
    algorithm: optionalText,
    key_id: optionalText,
    audiences: texts,
    scopes: texts,
    subject: optionalText,
    client_id: optionalText,
    issued_at: seconds.optional(),
    expires_at: seconds.optional(),
    not_before: seconds.optional(),
    confirmation: object.optional(),
    actor: optionalText,
    actors: texts.optional(),
    authentication_context: optionalText,
    authenticated_at: seconds.optional(),
    authorization_details: detailsForm.optional(),
  }),
  proof: proofForm.optional(),
  registered: z.looseObject({
    server: z.looseObject({ key: z.string(), resource: z.string() }),
    issuer: z.looseObject({ issuer: z.string() }),
  }),
  context,
});

const question = z.looseObject({
  server: z.string(),
  call: z.looseObject({ method: z.string(), target: optionalText }).optional(),
  context,
});

/** What was asked about issuance names no server, and no call. */
const issuance = z
  .looseObject({ issuer: z.string(), grant: z.string(), context })
  .transform((asked) => ({ ...asked, server: '', call: undefined }));

const revision = z.looseObject({ revision: z.string() });

const entry = z.looseObject({
  decision_id: z.string(),
  bundles: z.looseObject({ registry: revision, custom: revision.optional() }),
  path: z.string(),
  input: z.union([judged, question, issuance]),
  result: z.looseObject({
    decision: z.enum(['allow', 'deny', 'indeterminate']),
    server: z.string().nullable(),
    reasons: z.array(
      z.looseObject({ code: z.string(), verified: z.boolean().optional(), actual: z.array(z.unknown()).optional() }),
    ),
  }),
  erased: z.array(z.string()),
});

export type LoggedEntry = z.output<typeof entry>;
export type JudgedInput = z.output<typeof judged>;
export type QuestionInput = z.output<typeof question>;

/** Levels: those of a record around arguments of 32. */
const MAX_DEPTH = 48;

/**
 * As strictly as records are written: a member that stands there twice is two records.
 * @returns null for a line that is no record, as one of an allow that never came to policy
 */
export function readEntry(line: string): LoggedEntry | null {
  const read = readJson(line, { depth: MAX_DEPTH });
  const found = read.ok ? (entry.safeParse(read.value).data ?? null) : null;
  if (found === null || found.result.decision !== 'allow' || isJudged(found.input)) return found;
  // What a token reaches is no call either.
  return isAboutIssuance(found) || found.path === 'audgate/reach' ? found : null;
}

/** What an authorization server may issue is no call, and is not decided again. */
export function isAboutIssuance({ path }: Pick<LoggedEntry, 'path'>): boolean {
  return path === 'audgate/issuance';
}

export function isJudged(input: LoggedEntry['input']): input is JudgedInput {
  return 'registered' in input;
}
