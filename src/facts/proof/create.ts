/** Proofs as a decision asks for them: read, and used once. */
import { hash } from 'node:crypto';
import { type CertificateReading, readCertificate } from './certificate.ts';
import { createDpopReader, type DpopReading, type DpopSettings } from './dpop.ts';
import type { ProofReading, Proofs } from './proofs.ts';
import type { UseStore } from './store.ts';

export interface ProofParts extends DpopSettings {
  readonly store: UseStore;
}

export function createProofs(parts: ProofParts): Proofs {
  const { store } = parts;
  const readDpop = createDpopReader(parts);
  return {
    async read(source, context) {
      const dpop = ofDpop(await readDpop(source?.dpop ?? [], context));
      const certificate = ofCertificate(readCertificate(source?.certificate, context));
      if (certificate.facts === undefined) return dpop;
      return {
        ...dpop,
        facts: { ...dpop.facts, ...certificate.facts },
        reasons: [...dpop.reasons, ...certificate.reasons],
      };
    },
    use({ server, jkt, jti, issued_at, until }, { mark, retry_id }) {
      // Of one length and without meaning: a store's keys are seen by more people than its owner.
      const digest = (text: string) => hash('sha256', text, 'base64url');
      const entry = { issued_at, until, ...(retry_id !== undefined && { retry: digest(retry_id) }) };
      return store.use(digest(JSON.stringify([server, jkt, jti])), entry, mark);
    },
    status: () => store.status(),
  };
}

function ofDpop(dpop: DpopReading): ProofReading {
  switch (dpop.kind) {
    case 'none':
      return { reasons: [] };
    case 'refused': {
      const { code, reason, response_headers } = dpop;
      return { facts: { dpop: { refused: code } }, reasons: [reason], ...(response_headers && { response_headers }) };
    }
    case 'proved': {
      const { facts, once, response_headers } = dpop;
      return { facts: { dpop: facts }, reasons: [], once, ...(response_headers && { response_headers }) };
    }
  }
}

function ofCertificate(certificate: CertificateReading): Pick<ProofReading, 'facts' | 'reasons'> {
  switch (certificate.kind) {
    case 'none':
      return { reasons: [] };
    case 'refused':
      return { facts: { mtls: { refused: certificate.code } }, reasons: [certificate.reason] };
    case 'shown': {
      const { facts, unlike } = certificate;
      return { facts: { mtls: facts }, reasons: unlike === undefined ? [] : [unlike.reason] };
    }
  }
}
