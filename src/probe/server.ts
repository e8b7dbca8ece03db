/** Probes one live server: without a token first, then with each kind, and tells what it answers of itself. */
import { legible } from '../decision/evidence.ts';
import type { Registry, ServerRecord } from '../registry/registry.ts';
import { tokenChallenges } from './challenge.ts';
import { checkRefusals, type Refusal } from './check-challenges.ts';
import { checkMetadata } from './check-metadata.ts';
import { type Judged, judgeAnswer } from './classify.ts';
import type { Credential, Credentials } from './credentials.ts';
import { type Answer, type Exchanged, type ExchangeParts, exchange } from './exchange.ts';
import { endOf, METHODS, type Method, messageTo } from './messages.ts';
import { type Attempt, KINDS, type Kind, type ServerReport } from './report.ts';
import { RULES, ruleOf } from './rules.ts';

export interface ServerParts extends ExchangeParts {
  readonly registry: Registry;
  readonly credentials: Credentials;
}

interface Tried {
  readonly judged: Judged;
  readonly method: Method;
  /** Of a refusal. */
  readonly answer: Answer | null;
}

export async function probeServer(server: ServerRecord, parts: ServerParts): Promise<ServerReport> {
  const attempts: Attempt[] = [];
  const refusals: Refusal[] = [];
  const note = (attempt: Attempt) => void attempts.push(attempt);
  // Without it nobody can say what an answer to a token means.
  const without = await tryMethods(server, null, parts);
  note(attemptOf('absent', without, server, without));
  if (without.answer !== null) refusals.push({ kind: 'absent', answer: without.answer });

  const silent = without.judged.verdict === 'unclear' && without.judged.silent === true;
  for (const kind of KINDS.filter((one) => one !== 'absent')) {
    if (silent) {
      note(notSent(kind, server, 'the server did not answer the request without a token', false));
      continue;
    }
    const credential = await parts.credentials.get(kind, server);
    if (!credential.ok) {
      note(notSent(kind, server, credential.why, credential.could));
      continue;
    }
    const tried = await tryMethods(server, credential, parts);
    note(attemptOf(kind, tried, server, without));
    if (tried.answer !== null) refusals.push({ kind, answer: tried.answer });
  }
  return {
    server: server.key,
    resource: server.resource,
    source: server.source,
    attempts,
    checks: [...checkRefusals(refusals, server), ...(await checkMetadata(server, parts))],
    notes: notesOf(server),
  };
}

/** One method after the other, until an answer says something about the token. */
async function tryMethods(
  server: ServerRecord,
  credential: Extract<Credential, { ok: true }> | null,
  parts: ServerParts,
): Promise<Tried> {
  let last: Tried | null = null;
  for (const method of METHODS) {
    const answer = await ask(server.resource, method, credential, parts);
    const judged = judgeAnswer(answer);
    const tried: Tried = { judged, method, answer: answer.ok && judged.verdict === 'refused' ? answer : null };
    if (judged.verdict === 'refused' || judged.verdict === 'accepted') return tried;
    if (judged.verdict === 'unclear' && judged.silent === true) return last === null ? tried : last;
    // That MCP itself answered once says more than what came after.
    const passed = last?.judged.verdict === 'next' && last.judged.passed;
    if (!passed) last = tried;
  }
  if (last === null) throw new Error('no method was tried');
  return last;
}

async function ask(
  url: string,
  method: Method,
  credential: Extract<Credential, { ok: true }> | null,
  parts: ServerParts,
): Promise<Exchanged> {
  const headersOf = async (verb: string, nonce?: string): Promise<Readonly<Record<string, string>>> => {
    if (credential === null) return {};
    const { token, binding } = credential;
    if (binding === null) return { authorization: `Bearer ${token}` };
    return { authorization: `DPoP ${token}`, dpop: await binding.proof({ method: verb, url, token, nonce }) };
  };
  let answer = await exchange(messageTo(url, method, await headersOf('POST')), parts);
  // RFC 9449 §9: whoever wants a nonce gives it, once.
  const nonce = answer.ok ? answer.headers.get('dpop-nonce') : null;
  if (answer.ok && nonce !== null && credential !== null && asksForNonce(answer))
    answer = await exchange(messageTo(url, method, await headersOf('POST', nonce)), parts);
  const session = answer.ok ? answer.headers.get('mcp-session-id') : null;
  // What it answers does not matter; a session that is left over would.
  if (answer.ok && answer.status < 300 && session !== null)
    await exchange(endOf(url, session, await headersOf('DELETE', nonce ?? undefined)), parts);
  return answer;
}

const asksForNonce = ({ status, headers }: Answer) =>
  status === 401 && tokenChallenges(headers).some(({ parameters }) => parameters.get('error') === 'use_dpop_nonce');

const EXPECTED = '401 with WWW-Authenticate';

function attemptOf(kind: Kind, { judged, method }: Tried, server: ServerRecord, without: Tried): Attempt {
  const base = { kind, method, expected: `${EXPECTED}: resource_metadata="${server.resource_metadata}"` };
  const found = legible(judged.found);
  if (judged.verdict === 'refused') return { ...base, verdict: 'refused', found, remedy: '' };
  if (judged.verdict === 'accepted') return { ...base, verdict: 'accepted', found, remedy: RULES[ruleOf(kind)].help };
  if (judged.verdict === 'unclear') return { ...base, verdict: 'unclear', found, remedy: judged.remedy };
  // Without a token it says 401, with this one MCP answers: so the token came through.
  if (kind !== 'absent' && judged.passed && without.judged.verdict === 'refused')
    return {
      ...base,
      verdict: 'accepted',
      found: `${found}, and ${without.judged.found} without a token`,
      remedy: RULES[ruleOf(kind)].help,
    };
  const remedy =
    'Refuse with 401 before MCP answers (MCP authorization); an error of JSON-RPC tells no client to get a token.';
  return { ...base, verdict: 'unclear', found, remedy };
}

function notSent(kind: Kind, server: ServerRecord, why: string, could: boolean): Attempt {
  const expected = `${EXPECTED}: resource_metadata="${server.resource_metadata}"`;
  const remedy = could ? 'Give --key FILE with --issuer-key KEY, of an issuer that the server lists.' : '';
  return { kind, verdict: 'not_sent', method: null, expected, found: why, remedy, could };
}

function notesOf({ sender_constraint }: ServerRecord): readonly string[] {
  if (sender_constraint !== 'mtls') return [];
  return ['The server requires client certificates, which a probe does not have: a refusal may be for want of one.'];
}
