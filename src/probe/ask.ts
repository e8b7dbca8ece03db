/** Shows one server one kind of token, by one method after the other, until an answer says something about it. */
import { tokenChallenges } from './challenge.ts';
import { type Judged, judgeAnswer } from './classify.ts';
import type { Credential } from './credentials.ts';
import { type Answer, type Exchanged, type ExchangeParts, exchange } from './exchange.ts';
import { endOf, METHODS, type Method, messageTo } from './messages.ts';

export interface Tried {
  readonly judged: Judged;
  readonly method: Method;
  /** Of a refusal. */
  readonly refusal: Answer | null;
  /** Seconds that the server's clock is ahead of ours; null: it did not say, or not with a date (RFC 9110 §6.6.1). */
  readonly ahead: number | null;
}

type Shown = Extract<Credential, { ok: true }>;

export interface AskParts extends ExchangeParts {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * @param next a fresh token for each request, so that none ends while a slow server is waited for; null: none is shown
 * @returns why no token is to be had, where the first is not
 */
export async function tryMethods(
  url: string,
  next: (() => Promise<Credential>) | null,
  parts: AskParts,
): Promise<Tried | Extract<Credential, { ok: false }>> {
  let last: Tried | null = null;
  for (const method of METHODS) {
    const credential = next === null ? null : await next();
    if (credential !== null && !credential.ok) return last ?? credential;
    const answer = await ask(url, method, credential, parts);
    const judged = judgeAnswer(answer);
    const refusal = answer.ok && judged.verdict === 'refused' ? answer : null;
    const tried: Tried = { judged, method, refusal, ahead: answer.ok ? aheadOf(answer, parts) : null };
    if (judged.verdict === 'refused' || judged.verdict === 'accepted') return tried;
    if (judged.verdict === 'unclear' && judged.silent === true) return last ?? tried;
    // That MCP itself answered once says more than what came after.
    if (last?.judged.verdict !== 'next' || !last.judged.passed) last = tried;
  }
  if (last === null) throw new Error('no method was tried');
  return last;
}

function aheadOf({ headers }: Answer, { now }: AskParts): number | null {
  const date = Date.parse(headers.get('date') ?? '');
  return Number.isNaN(date) ? null : Math.round((date - now()) / 1000);
}

async function ask(url: string, method: Method, credential: Shown | null, parts: ExchangeParts): Promise<Exchanged> {
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
