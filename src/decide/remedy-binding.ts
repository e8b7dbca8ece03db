/** What cures a denial about what the token is bound to: another proof, or another token (RFC 9449, RFC 8705). */
import type { JsonObject } from '../json/value.ts';
import type { ServerRecord } from '../registry/registry.ts';
import { bend, type Denial, type Proposal, type Proposed, type Trial } from './remedy-trial.ts';

const client = (change: string, why: string, apply: Proposal['apply']): Proposal => ({
  side: 'client',
  change,
  why,
  apply,
});

export function proposeBindingToClient({ code }: Denial, trial: Trial): Proposed {
  const { server, token, proof } = trial;
  const { jkt, 'x5t#S256': x5t } = token.confirmation ?? {};
  switch (code) {
    case 'proof_missing':
    case 'proof_invalid':
    case 'proof_mismatch':
    case 'proof_nonce_required':
      return typeof jkt !== 'string'
        ? null
        : client(
            'Send the token with scheme DPoP, and one DPoP header with a fresh proof of the key that it is bound to.',
            'The token is bound to that key (cnf.jkt), and opens nothing without it (RFC 9449 §7.1).',
            (at) => ({ ...at, proof: { ...at.proof, ...dpopOf(jkt, at) } }),
          );
    case 'certificate_missing':
    case 'certificate_mismatch':
      return typeof x5t !== 'string'
        ? null
        : client(
            'Connect with the client certificate that the token is bound to, through a gateway that forwards it.',
            'The token is bound to that certificate (cnf.x5t#S256), and opens nothing without it (RFC 8705 §3).',
            (at) => ({ ...at, proof: { ...at.proof, mtls: { 'x5t#S256': x5t } } }),
          );
    case 'binding_mismatch':
      return server.sender_constraint === 'none'
        ? client(
            'Ask for a token that is bound to no key (without cnf), or by jkt or x5t#S256 alone.',
            'What else the token is bound to, nobody here can verify (RFC 7800 §3.1).',
            (at) => ({ ...at, token: bend(at.token, { unbound: true }), proof: withoutDpop(at.proof) }),
          )
        : bound(server);
    case 'token_not_bound':
      return server.sender_constraint === 'none' && isRefused(proof?.dpop)
        ? client(
            'Send the token with scheme Bearer.',
            'It is bound to no key, and this server asks for none (RFC 9449 §7.1).',
            (at) => ({ ...at, proof: withoutDpop(at.proof) }),
          )
        : bound(server);
    default:
      return null;
  }
}

/** An unknown binding is the authorization server's own doing; which key a client has is not. */
export function proposeBindingToIssuer({ code }: Denial, { server }: Trial): Proposed {
  if (code !== 'binding_mismatch' || server.sender_constraint !== 'none') return null;
  return {
    side: 'authorization_server',
    change: 'Issue tokens without cnf to this client, or bind them by jkt or x5t#S256 alone.',
    why: 'What else a token is bound to, nobody here can verify (RFC 7800 §3.1).',
    apply: (at) => ({ ...at, token: bend(at.token, { unbound: true }), proof: withoutDpop(at.proof) }),
  };
}

export function proposeBindingToOperator({ server }: Trial, where: string): Proposed {
  if (server.sender_constraint === 'none') return null;
  return {
    unsafe: `This server asks for tokens that are bound to their client (${where}): without that, whoever gets hold of one can use it.`,
  };
}

/** How a right token at this server is sent, and what it is bound to. */
export function rightBinding(
  server: Pick<ServerRecord, 'sender_constraint'>,
  now: number,
): { readonly confirmation?: JsonObject; readonly proof?: Trial['proof']; readonly sent: string } {
  switch (server.sender_constraint) {
    case 'none':
      return { sent: 'send it as Authorization: Bearer' };
    case 'mtls':
      return {
        confirmation: { 'x5t#S256': OWN },
        proof: { mtls: { 'x5t#S256': OWN } },
        sent: 'send it as Authorization: Bearer over a connection with the certificate that it is bound to (RFC 8705 §3)',
      };
    default:
      return {
        confirmation: { jkt: OWN },
        proof: dpopOf(OWN, { now }),
        sent: 'send it as Authorization: DPoP, with a fresh proof of the key that it is bound to (RFC 9449 §7.1)',
      };
  }
}

/** Stands for the client's own key or certificate. */
const OWN = 'own';

const dpopOf = (jkt: string, { now }: Pick<Trial, 'now'>) => ({ dpop: { jkt, algorithm: 'ES256', issued_at: now } });

function withoutDpop({ dpop: _, ...rest }: NonNullable<Trial['proof']> = {}): Trial['proof'] {
  return rest;
}

function isRefused(proof: NonNullable<Trial['proof']>['dpop']): boolean {
  return proof !== undefined && 'refused' in proof;
}

function bound(server: ServerRecord): Proposal {
  const [change, why] =
    server.sender_constraint === 'mtls'
      ? [
          'Ask for a token that is bound to your client certificate, and connect with that through a gateway that forwards it.',
          'This server takes such tokens only (RFC 8705 §3).',
        ]
      : [
          'Ask for a token that is bound to a DPoP key, and send it with scheme DPoP and a fresh proof of that key.',
          'This server takes such tokens only (RFC 9449 §5 and §7.1).',
        ];
  return client(change, why, (at) => {
    const { confirmation, proof } = rightBinding(server, at.now);
    return { ...at, token: bend(at.token, { unbound: true, ...(confirmation && { confirmation }) }), proof };
  });
}
