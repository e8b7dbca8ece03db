/** What one answer of a server says about the token that it was shown. */
import { isJsonObject } from '../json/value.ts';
import { readChallenges, tokenChallenges } from './challenge.ts';
import { EVENT_STREAM, type Exchanged, messageOf } from './exchange.ts';

export type Judged =
  | { readonly verdict: 'refused'; readonly found: string }
  | { readonly verdict: 'accepted'; readonly found: string }
  /** `silent`: there was no answer at all. */
  | { readonly verdict: 'unclear'; readonly found: string; readonly remedy: string; readonly silent?: true }
  /** Nothing about the token: another method may tell. `passed`: MCP itself answered, so that the token came through. */
  | { readonly verdict: 'next'; readonly found: string; readonly passed: boolean };

/**
 * JSON-RPC errors that only whoever read the message makes: parse error, invalid request, method and parameters (JSON-RPC 2.0
 * §5.1), and MCP's own for headers, capabilities and versions. Any other may stand for a refusal.
 */
const PROTOCOL_ERRORS = [-32700, -32600, -32601, -32602, -32020, -32021, -32022];
const HTML = ['text/html', 'application/xhtml+xml'];

export function judgeAnswer(answer: Exchanged): Judged {
  if (!answer.ok) {
    const remedy = 'See whether the server runs at its resource and can be reached from here, or raise --timeout-ms.';
    return { ...unclear(answer.detail, remedy), silent: true };
  }
  const { status, headers, media_type } = answer;
  const isHtml = HTML.includes(media_type);
  const challenges = tokenChallenges(headers);
  if (status === 401) {
    const [other] = readChallenges(headers.get('www-authenticate'));
    if (challenges.length === 0 && other !== undefined)
      return unclear(
        `401 with a challenge of another scheme than Bearer and DPoP`,
        'Something in front of the server refused; probe behind it, or let it pass requests that bring a token.',
      );
    return refused('401');
  }
  if (status === 403) {
    if (challenges.some(({ parameters }) => parameters.get('error') === 'insufficient_scope'))
      return unclear(
        '403 insufficient_scope: the server judged the scopes of a token that it has to refuse',
        'Judge signature, audience and lifetime before scopes: with scopes this token may open the server.',
      );
    if (isHtml) return unclear('403 with a page', 'Something in front of the server refused; probe behind it.');
    return refused('403');
  }
  if (status >= 300 && status < 400)
    return unclear(
      `redirect (${status}), which was not followed`,
      'Register the URL that answers, or let what stands in front of the server pass requests that bring a token.',
    );
  if (status >= 500 || status === 407 || status === 408 || status === 429)
    return unclear(`HTTP status ${status}`, 'Mend the server or what stands in front of it, and probe again.');
  // RFC 6750 §3.1: a challenge is a refusal, whatever its status.
  if (status >= 400 && challenges.length > 0) return refused(String(status));
  if (isHtml) return unclear(`${status} with a page`, 'Something else than an MCP server answers at the resource.');
  if (status === 202) return { verdict: 'accepted', found: '202: the message was taken' };
  return judgeMessage(answer);
}

function judgeMessage({ status, media_type, text, end }: Extract<Exchanged, { ok: true }>): Judged {
  const message = media_type === EVENT_STREAM ? messageOf(text) : text;
  const read = message === null ? null : readMessage(message, end === 'cut');
  const about = `HTTP status ${status}`;
  if (read === 'result' && status < 300) return { verdict: 'accepted', found: `${status} with a JSON-RPC result` };
  if (typeof read === 'number')
    return { verdict: 'next', found: `${about} with JSON-RPC error ${read}`, passed: PROTOCOL_ERRORS.includes(read) };
  if (status >= 400) return { verdict: 'next', found: about, passed: false };
  const what = end === 'broken' ? 'an answer that did not end in time' : 'no JSON-RPC answer';
  return unclear(`${about} with ${what}`, 'See what answers at the resource: a refusal is a 401 (MCP authorization).');
}

/** @returns `result`, the code of an error, or null for what is neither */
function readMessage(text: string, cut: boolean): 'result' | number | null {
  // Of an answer that is too long only the beginning is there; a long one is a list.
  if (cut)
    return /^\s*\{(?:\s*"(?:jsonrpc|id)"\s*:\s*(?:"[^"]*"|\d+)\s*,)*\s*"result"\s*:\s*\{/.test(text) ? 'result' : null;
  let value: unknown;
  try {
    // Not the strict reader: a result opens the server, however it is written.
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isJsonObject(value)) return null;
  if (value.result !== undefined && value.error === undefined) return 'result';
  const { error } = value;
  if (!isJsonObject(error)) return null;
  return typeof error.code === 'number' && Number.isSafeInteger(error.code) ? error.code : null;
}

const refused = (status: string): Judged => ({ verdict: 'refused', found: status });
const unclear = (found: string, remedy: string) => ({ verdict: 'unclear' as const, found, remedy });
