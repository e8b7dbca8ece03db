/** Misuse that several decisions show together: what is remembered, for how long, and whom it is told. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { MISUSE_KINDS } from '../decision/misuse.ts';
import { isWebhookUrl } from './webhook-url.ts';

const whole = (least: number, most: number) => {
  const error = (issue: { code?: string }) =>
    issue.code === 'invalid_type' ? undefined : `must be from ${least} to ${most}`;
  return z.int().min(least, { error }).max(most, { error });
};
const file = z.string().min(1, { error: 'must name a file' });

const webhook = z
  .strictObject({
    url: z
      .string()
      .refine(isWebhookUrl, {
        error: 'must be an https URL (http only on loopback) without user, password and fragment',
      })
      .describe('where events are posted as CloudEvents 1.0, one a request; redirects are not followed'),
    allow_private_network: z.boolean().default(false).describe('the URL may lead to an address that is not public'),
    source: z
      .string()
      .regex(/^[!-~]{1,255}$/, { error: 'must be 1 to 255 visible ASCII characters: a URI reference' })
      .default('urn:audgate')
      .describe('source of the events, a URI reference; give each installation its own'),
    token_file: file
      .exactOptional()
      .describe('file with a bearer token for the receiver, relative to this one; read again at each delivery'),
    secret_file: file
      .exactOptional()
      .describe(
        'file with whsec_ and 24 to 64 bytes in base64, by which deliveries are signed (Standard Webhooks); read again at each delivery',
      ),
    timeout_ms: whole(100, 30_000).default(3000).describe('time for one attempt, milliseconds'),
    max_attempts: whole(1, 10).default(5).describe('attempts an event; then it is dropped, and counted'),
    max_queue: whole(1, 100_000).default(1000).describe('events that wait at most; more are dropped, and counted'),
  })
  .describe('receiver of events; without it they are in log and metric alone');

export const misuse = z
  .strictObject({
    kinds: z
      .array(z.enum(MISUSE_KINDS, { error: `must be one of ${MISUSE_KINDS.join(', ')}` }))
      .default([...MISUSE_KINDS])
      .describe('what is looked for; an empty list turns it off'),
    max_entries: whole(100, 1_000_000)
      .default(20_000)
      .describe('verified tokens that are remembered, about 1 KiB each; as many clients, and a quarter as many others'),
    window_seconds: whole(10, 3600)
      .default(600)
      .describe('how long decisions about one token or client are seen together'),
    fallback_seconds: whole(1, 300)
      .default(10)
      .describe('within which the same call at another server is a fallback_retry; at most window_seconds count'),
    sweep_servers: whole(2, 16).default(3).describe('servers at which one client is refused in a window: server_sweep'),
    webhook: webhook.exactOptional(),
  })
  .describe('patterns of misuse, recognised from decisions in memory');

export type MisuseConfig = z.output<typeof misuse>;
export type WebhookConfig = NonNullable<MisuseConfig['webhook']>;

/** The same with its files resolved against the configuration's folder. */
export function locateMisuse(written: MisuseConfig, folder: string): MisuseConfig {
  const { webhook: to } = written;
  if (to === undefined) return written;
  const { token_file, secret_file } = to;
  return {
    ...written,
    webhook: {
      ...to,
      ...(token_file !== undefined && { token_file: resolve(folder, token_file) }),
      ...(secret_file !== undefined && { secret_file: resolve(folder, secret_file) }),
    },
  };
}

/** Files that must be there. */
export function misuseFiles({ webhook: to }: MisuseConfig): readonly { path: string; as: string }[] {
  return (['token_file', 'secret_file'] as const).flatMap((member) => {
    const path = to?.[member];
    return path === undefined ? [] : [{ path, as: `misuse.webhook.${member}` }];
  });
}
