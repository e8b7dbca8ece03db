/** Reads answers as they came, repeated headers and all (RFC 9112 §6.3). */

export interface Answer {
  readonly status: number;
  /** Lower-case names, in their order. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/**
 * The final answers in what was received so far; interim ones (1xx) are passed over.
 * @param methods of the requests, in their order: an answer to HEAD has no body
 * @param ended whether nothing more will come, which is where some bodies end
 */
export function readAnswers(received: Buffer, methods: readonly string[], ended: boolean): readonly Answer[] {
  const text = received.toString('latin1');
  const answers: Answer[] = [];
  for (let at = 0; answers.length < methods.length; ) {
    const end = text.indexOf('\r\n\r\n', at);
    if (end < 0) break;
    const [line = '', ...fields] = text.slice(at, end).split('\r\n');
    const status = Number(/^HTTP\/1\.[01] (\d{3})( |$)/.exec(line)?.[1] ?? Number.NaN);
    if (Number.isNaN(status)) throw new Error(`this is no answer: ${JSON.stringify(line.slice(0, 80))}`);
    const headers = fields.map(field);
    at = end + 4;
    if (status >= 100 && status < 200 && status !== 101) continue;
    const body = bodyAt(text, at, { status, headers, method: methods[answers.length] ?? '', ended });
    if (body === null) break;
    answers.push({ status, headers, body: body.text });
    at = body.end;
  }
  return answers;
}

/** Whether an interim `100 Continue` has come. */
export function isTold(received: Buffer): boolean {
  return /^HTTP\/1\.1 100[ \r]/.test(received.toString('latin1'));
}

interface Framing {
  readonly status: number;
  readonly headers: Answer['headers'];
  readonly method: string;
  readonly ended: boolean;
}

/** @returns null while it is not whole; where nothing more will come, a body that was cut short as far as it came */
function bodyAt(text: string, at: number, { status, headers, method, ended }: Framing) {
  if (method === 'HEAD' || status === 204 || status === 304) return { text: '', end: at };
  const value = (name: string) => headers.findLast(([one]) => one === name)?.[1];
  if (/chunked$/i.test(value('transfer-encoding') ?? '')) {
    const whole = unchunk(text, at);
    return whole ?? (ended ? { text: text.slice(at), end: text.length } : null);
  }
  const length = Number(value('content-length') ?? Number.NaN);
  if (Number.isNaN(length)) return ended ? { text: text.slice(at), end: text.length } : null;
  if (text.length < at + length && !ended) return null;
  return { text: text.slice(at, at + length), end: at + length };
}

function unchunk(text: string, from: number) {
  let body = '';
  for (let at = from; ; ) {
    const line = text.indexOf('\r\n', at);
    if (line < 0) return null;
    const size = Number.parseInt(text.slice(at, line), 16);
    if (Number.isNaN(size)) return null;
    if (size === 0) {
      const end = text.indexOf('\r\n\r\n', line);
      return end < 0 ? null : { text: body, end: end + 4 };
    }
    if (text.length < line + 2 + size + 2) return null;
    body += text.slice(line + 2, line + 2 + size);
    at = line + 2 + size + 2;
  }
}

function field(line: string): readonly [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}
