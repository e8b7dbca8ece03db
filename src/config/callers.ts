/** Who may ask (contract 3): how callers are written, and what no single member of them shows. */
import { z } from 'zod';
import type { JsonProblem } from '../json/locate.ts';

/** What a caller may be allowed. `read`: `/v1/servers*` and `/v1/status`; `events`: `/v1/events`; `issuance`: `/v1/issuance/decide`. */
export const PERMISSIONS = ['decide', 'explain', 'read', 'metrics', 'events', 'issuance'] as const;
export type Permission = (typeof PERMISSIONS)[number];

/**
 * How a caller hands on the certificate of its client's TLS connection. `json`: as a member of its question; the others: in a
 * header of its client's request, which it must set in place of whatever its client sent.
 */
export const CERTIFICATE_FORMS = ['none', 'json', 'xfcc', 'nginx', 'rfc9440'] as const;
export type CertificateForm = (typeof CERTIFICATE_FORMS)[number];

const callerName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, {
  error:
    'has a caller whose name is none: expected 1 to 64 letters, digits, dots, dashes and underscores, a letter or digit first',
});

const digests = (of: string) =>
  z
    .array(z.string().regex(/^[0-9a-fA-F]{64}$/, { error: `must be the SHA-256 of ${of}, as 64 hex digits` }))
    .min(1, { error: 'must hold at least one digest' });

/**
 * A DNS name in full, or an absolute URI (`spiffe://…`), as the subject alternative name of a certificate holds it. What
 * has a colon is a URI. A name with a wildcard is none: it would stand for whoever can get a certificate below it.
 */
const certificateName = z
  .string()
  .max(255)
  .regex(/^(?:(?!-)[A-Za-z0-9_-]{1,63}(?:\.(?!-)[A-Za-z0-9_-]{1,63})*|[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]+)$/, {
    error:
      'must be a DNS name without wildcard or an absolute URI, as the certificate’s subject alternative name has it',
  });

export const caller = z
  .strictObject({
    key_sha256: digests('the key')
      .exactOptional()
      .describe(
        'SHA-256 of the caller’s key, 64 hex digits; a list, so that two keys work while one replaces the other',
      ),
    certificate_sha256: digests('the client certificate in DER')
      .exactOptional()
      .describe('SHA-256 thumbprints of client certificates, 64 hex digits; needs tls.client_ca'),
    certificate_names: z
      .array(certificateName)
      .min(1, { error: 'must hold at least one name' })
      .exactOptional()
      .describe('DNS or URI subject alternative names of client certificates; needs tls.client_ca'),
    servers: z
      .union(
        [
          z.literal('*'),
          z.array(z.string().regex(/^[^*]+$/, { error: 'must be a registry key; for all write servers: "*"' })),
        ],
        {
          error: 'must be a list of registry keys, or "*" for all',
        },
      )
      .describe('registry keys of the servers that it may ask about, or "*"'),
    may: z
      .array(z.enum(PERMISSIONS, { error: `must be one of ${PERMISSIONS.join(', ')}` }))
      .describe('what it may ask'),
    request_ids: z
      .boolean()
      .exactOptional()
      .describe(
        'it sets X-Request-ID or context.request_id itself, in place of its client’s: its second try of one request within 5 s is no second use of a proof',
      ),
    gateway: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, {
        error: 'must be 1 to 64 letters, digits, dots, dashes and underscores, a letter or digit first',
      })
      .exactOptional()
      .describe(
        'name that it has in common with other callers through which the same tokens come: replicas of one gateway, a server that asks again behind it; one token through several gateways is misuse',
      ),
    client_certificates: z
      .enum(CERTIFICATE_FORMS, { error: `must be one of ${CERTIFICATE_FORMS.join(', ')}` })
      .exactOptional()
      .describe(
        'how it forwards the certificate of its client’s TLS connection: not at all, in its question (json), or in a header that it sets in place of its client’s: X-Forwarded-Client-Cert (xfcc), X-SSL-Client-Cert (nginx), Client-Cert (rfc9440)',
      ),
  })
  .describe('known by any of key_sha256, certificate_sha256 and certificate_names; at least one of them');

export const callers = z.record(callerName, caller);

export type CallerConfig = z.output<typeof caller>;
/** By name. */
export type Callers = Readonly<Record<string, CallerConfig>>;

/** How a caller is known. */
export const WAYS = ['key_sha256', 'certificate_sha256', 'certificate_names'] as const;

/** One text for what means one identity: hex digits and DNS names ignore case (RFC 4343), URIs do not. */
export function canonical(way: (typeof WAYS)[number], text: string): string {
  return way === 'certificate_names' && text.includes(':') ? text : text.toLowerCase();
}

/**
 * Callers without a way to be known, ways that two callers have, certificates that nobody would verify.
 * @param clientCa whether `tls.client_ca` is configured
 */
export function callerProblems(configured: Callers, clientCa: boolean): readonly JsonProblem[] {
  const problems: JsonProblem[] = [];
  const owners = new Map<string, string>();
  for (const [name, one] of Object.entries(configured)) {
    const at = `/callers/${name}`;
    if (WAYS.every((way) => one[way] === undefined)) {
      problems.push({ pointer: at, message: `can be known by nothing: expected at least one of ${WAYS.join(', ')}` });
    }
    for (const way of WAYS) {
      if (way !== 'key_sha256' && one[way] !== undefined && !clientCa) {
        const message = 'needs tls.client_ca: without it no client certificate is asked for or verified';
        problems.push({ pointer: `${at}/${way}`, message });
      }
      for (const [index, text] of (one[way] ?? []).entries()) {
        const identity = `${way} ${canonical(way, text)}`;
        const owner = owners.get(identity);
        if (owner !== undefined) {
          const what = { key_sha256: 'key', certificate_sha256: 'certificate', certificate_names: 'name' }[way];
          const message = `is also a ${what} of caller ${owner}: give each caller its own`;
          problems.push({ pointer: `${at}/${way}/${index}`, message });
        }
        owners.set(identity, name);
      }
    }
  }
  return problems;
}
