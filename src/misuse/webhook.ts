/**
 * One attempt to hand an event to its receiver. Nothing is followed: a redirect is a failure. Secrets are read again each
 * time, so that they can be replaced without a restart. No failure's text holds the URL, a secret or what was answered.
 */
import { createHmac } from 'node:crypto';
import type { WebhookConfig } from '../config/misuse.ts';
import type { MisuseEvent } from '../decision/misuse.ts';
import { refusalOf } from '../network/refused-address.ts';
import { CLOUD_EVENT_TYPE, writeCloudEvent } from './cloud-event.ts';

export type Attempt =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly detail: string;
      /** Whether another attempt may do better. */
      readonly again: boolean;
      /** What the receiver asked for, milliseconds (RFC 9110 §10.2.3). */
      readonly after_ms?: number | undefined;
    };

/** Never rejects. */
export type Post = (event: MisuseEvent, stop: AbortSignal) => Promise<Attempt>;

export interface WebhookParts {
  readonly config: WebhookConfig;
  /** Judges the address that it connects to. */
  readonly fetch: typeof globalThis.fetch;
  /** Text of a file. @throws when it cannot be read */
  readonly readFile: (path: string) => Promise<string>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Statuses that the same event gets again: it is not what the receiver takes. */
const FOR_GOOD: ReadonlySet<number> = new Set([400, 410, 413, 415, 422]);

export function createPost({ config, fetch, readFile, now }: WebhookParts): Post {
  const { url, source, timeout_ms } = config;
  return async (event, stop) => {
    const secrets = await readSecrets(config, readFile);
    if (!secrets.ok) return { ok: false, detail: secrets.problems.join('; '), again: true };
    const body = writeCloudEvent(event, source);
    const headers = {
      'content-type': CLOUD_EVENT_TYPE,
      ...(secrets.token !== null && { authorization: `Bearer ${secrets.token}` }),
      ...(secrets.secret !== null && sign(event.id, Math.floor(now() / 1000), body, secrets.secret)),
    };
    const signal = AbortSignal.any([stop, AbortSignal.timeout(timeout_ms)]);
    try {
      const answer = await fetch(url, { method: 'POST', body, headers, redirect: 'manual', signal });
      // What a receiver says beside its status is of no use, and may be endless.
      await answer.body?.cancel().catch(() => {});
      return judge(answer);
    } catch (error) {
      return { ok: false, detail: whyOf(error), again: true };
    }
  };
}

function judge({ status, headers }: Response): Attempt {
  if (status >= 200 && status < 300) return { ok: true };
  if (status >= 300 && status < 400) {
    const detail = 'the receiver redirects, which is not followed: set misuse.webhook.url to where it leads';
    return { ok: false, detail, again: false };
  }
  const seconds = headers.get('retry-after') ?? '';
  const after_ms = /^\d{1,5}$/.test(seconds) ? Number(seconds) * 1000 : undefined;
  return { ok: false, detail: `the receiver answered ${status}`, again: !FOR_GOOD.has(status), after_ms };
}

function whyOf(error: unknown): string {
  if (refusalOf(error) !== undefined)
    return 'the address of the receiver may not be reached: it is not public; set misuse.webhook.allow_private_network: true if it is meant';
  if (error instanceof Error && error.name === 'TimeoutError') return 'the receiver did not answer in time';
  if (error instanceof Error && error.name === 'AbortError') return 'the service ended';
  return 'the receiver cannot be reached';
}

/**
 * Signature as Standard Webhooks has it (`webhook-id`, `webhook-timestamp`, `webhook-signature`): HMAC-SHA256 over
 * `ID.TIMESTAMP.BODY`, so that a receiver can refuse what is old.
 */
export function sign(id: string, seconds: number, body: string, secret: Uint8Array): Record<string, string> {
  const mac = createHmac('sha256', secret).update(`${id}.${seconds}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': String(seconds), 'webhook-signature': `v1,${mac}` };
}

export type Secrets =
  | { readonly ok: true; readonly token: string | null; readonly secret: Uint8Array | null }
  /** Each names the member and what it expected, never what it found. */
  | { readonly ok: false; readonly problems: readonly string[] };

export async function readSecrets(
  { token_file, secret_file }: Pick<WebhookConfig, 'token_file' | 'secret_file'>,
  readFile: WebhookParts['readFile'],
): Promise<Secrets> {
  const problems: string[] = [];
  const read = async <T>(path: string | undefined, member: string, parse: (text: string) => T | null, what: string) => {
    if (path === undefined) return null;
    const text = await readFile(path).catch(() => null);
    const parsed = text === null ? null : parse(text.replace(/\r?\n$/, ''));
    if (text === null) problems.push(`misuse.webhook.${member} cannot be read: let this user read it`);
    else if (parsed === null) problems.push(`misuse.webhook.${member} must hold ${what}, and nothing else`);
    return parsed;
  };
  const token = await read(token_file, 'token_file', parseToken, 'one bearer token of up to 4096 visible characters');
  const secret = await read(secret_file, 'secret_file', parseSecret, 'whsec_ and 24 to 64 bytes in base64');
  return problems.length > 0 ? { ok: false, problems } : { ok: true, token, secret };
}

const parseToken = (text: string) => (/^[!-~]{1,4096}$/.test(text) ? text : null);

function parseSecret(text: string): Uint8Array | null {
  const [, written] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  if (written === undefined) return null;
  const bytes = Buffer.from(written, 'base64');
  return bytes.length >= 24 && bytes.length <= 64 ? bytes : null;
}
