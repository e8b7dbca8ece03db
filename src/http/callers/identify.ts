/** Who asks: the gateway or server that a key or a client certificate stands for (contract 3). */
import { hash, timingSafeEqual } from 'node:crypto';
import {
  type CallerConfig,
  type Callers,
  type CertificateForm,
  canonical,
  PERMISSIONS,
  type Permission,
} from '../../config/callers.ts';
import type { Caller } from '../../decide/ask.ts';
import type { PeerCertificate } from './certificate.ts';

export interface KnownCaller extends Caller {
  readonly may: ReadonlySet<Permission>;
  /** How it forwards its client's certificate; in any other way none is looked at. */
  readonly client_certificates: CertificateForm;
}

/** What a request shows of its sender. */
export interface Presented {
  /** As bytes were sent, one character each; null: none. */
  readonly key: string | null;
  /** Verified, and its private key proved; null: none. */
  readonly certificate: PeerCertificate | null;
}

export interface Identify {
  /** Null: nobody known, or two callers at once. */
  (presented: Presented): KnownCaller | null;
  /** Whether no callers are configured now, so that everyone is `local` and only this machine may be served. */
  readonly isOpen: () => boolean;
}

/**
 * @param callers those in force; asked at each request, because a reload replaces them. None: everyone is `local` and may
 *   ask everything, which the host check must narrow
 */
export function createIdentify(callers: () => Callers): Identify {
  let index = indexed(callers());
  const current = () => {
    const configured = callers();
    if (index.of !== configured) index = indexed(configured);
    return index;
  };
  const identify = ({ key, certificate }: Presented): KnownCaller | null => {
    const known = current();
    if (known.isOpen) return LOCAL;
    const found = new Set<KnownCaller>();
    if (key !== null) {
      const caller = callerOfKey(key, known.keys);
      // A wrong key stays wrong, whatever else came with it.
      if (caller === null) return null;
      found.add(caller);
    }
    for (const identity of certificate === null ? [] : identitiesOf(certificate)) {
      const caller = known.certificates.get(identity);
      if (caller !== undefined) found.add(caller);
    }
    const [first, second] = found;
    return first === undefined || second !== undefined ? null : first;
  };
  return Object.assign(identify, { isOpen: () => current().isOpen });
}

/** What its clients' headers say, nobody vouches for; its own questions it does. */
const LOCAL: KnownCaller = { name: 'local', servers: '*', may: new Set(PERMISSIONS), client_certificates: 'json' };

type DigestOfCaller = readonly [digest: Buffer, caller: KnownCaller];

interface Index {
  readonly of: Callers;
  readonly isOpen: boolean;
  readonly keys: readonly DigestOfCaller[];
  readonly certificates: ReadonlyMap<string, KnownCaller>;
}

function indexed(callers: Callers): Index {
  const keys: DigestOfCaller[] = [];
  const certificates = new Map<string, KnownCaller>();
  for (const [name, config] of Object.entries(callers)) {
    const caller: KnownCaller = {
      name,
      servers: config.servers,
      may: new Set(config.may),
      ...(config.request_ids === true && { request_ids: true }),
      ...(config.gateway !== undefined && { gateway: config.gateway }),
      client_certificates: config.client_certificates ?? 'none',
    };
    for (const digest of config.key_sha256 ?? []) keys.push([Buffer.from(digest, 'hex'), caller]);
    for (const identity of certificateIdentities(config)) certificates.set(identity, caller);
  }
  return { of: callers, isOpen: Object.keys(callers).length === 0, keys, certificates };
}

const certificateIdentities = ({ certificate_sha256 = [], certificate_names = [] }: CallerConfig) => [
  ...certificate_sha256.map((digest) => `sha256 ${canonical('certificate_sha256', digest)}`),
  ...certificate_names.map((name) => `name ${canonical('certificate_names', name)}`),
];

const identitiesOf = ({ sha256, names }: PeerCertificate) => [
  `sha256 ${sha256}`,
  ...names.map((name) => `name ${canonical('certificate_names', name)}`),
];

function callerOfKey(key: string, keys: readonly DigestOfCaller[]): KnownCaller | null {
  // Headers come as Latin-1; hashed are the bytes that were sent.
  const digest = hash('sha256', Buffer.from(key, 'latin1'), 'buffer');
  let found: KnownCaller | null = null;
  // All are compared, whichever fits: neither the time nor the order tells how near a guess was.
  for (const [candidate, caller] of keys) if (timingSafeEqual(candidate, digest)) found = caller;
  return found;
}
