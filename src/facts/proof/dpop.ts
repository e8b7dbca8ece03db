/**
 * A DPoP proof, by the twelve checks of RFC 9449 §4.3 in their order, but for two: the key is compared with the token's before
 * anybody verifies a signature with it, so that nobody spends our time with keys of its own; and the nonce is asked for last,
 * so that a client which is told to repeat its request knows that nothing else was wrong. Single use is the caller's last step.
 */
import { hash } from 'node:crypto';
import type { DpopFacts } from '../../decision/facts.ts';
import { type ProofClaims, parseProof } from './dpop-form.ts';
import { readProofKey, thumbprintOf, verifyProof } from './dpop-key.ts';
import { isSameUri } from './htu.ts';
import type { Nonces } from './nonces.ts';
import type { ProofContext, ProofReading, ProofUse } from './proofs.ts';
import { quote, type Refused, refuse } from './refuse.ts';

export interface DpopSettings {
  /** Seconds that a proof is accepted after its iat. */
  readonly max_age_seconds: number;
  /** Absent: proofs need no nonce, and one that they hold is not looked at. */
  readonly nonces?: Nonces | undefined;
  /**
   * Seconds since the epoch, the first whole one of this process, where used proofs are forgotten when it ends: a proof made
   * before may have been used before. Absent: they are kept elsewhere.
   */
  readonly started_at?: number | undefined;
}

export type DpopReading =
  /** Nothing is to be proved. */
  | { readonly kind: 'none' }
  | (Refused & Pick<ProofReading, 'response_headers'>)
  | ({ readonly kind: 'proved'; readonly facts: DpopFacts; readonly once: ProofUse } & Pick<
      ProofReading,
      'response_headers'
    >);

/**
 * Seconds that a client's clock may be ahead, and that the clocks of two replicas may differ: what operating systems keep by
 * NTP differs by far less.
 */
const CLOCK_TOLERANCE = 5;

const FRESH = 'Make a fresh proof for each request.';

export function createDpopReader(settings: DpopSettings) {
  const { max_age_seconds, nonces, started_at } = settings;

  return async function readDpop(values: readonly string[], context: ProofContext): Promise<DpopReading> {
    const { token, scheme, server, now } = context;
    const bound = token.confirmation?.jkt;

    // RFC 9449 §7.1: the scheme says that there is a proof; a bound token without it is downgraded to a bearer's.
    if (scheme === 'bearer')
      return bound === undefined
        ? { kind: 'none' }
        : refuse(
            'proof_missing',
            'The token is bound to a DPoP key (cnf.jkt), and was sent with scheme Bearer. Send it with scheme DPoP, and a fresh proof in one DPoP header.',
            { expected: ['DPoP'], actual: ['Bearer'] },
          );
    if (bound === undefined)
      return refuse(
        'token_not_bound',
        'The token was sent with scheme DPoP, and is bound to no key (cnf.jkt is absent). Get one that is bound to the key of your proofs; where the server asks for none such, scheme Bearer does.',
        { expected: ['jkt'], actual: [] },
      );

    // 1: one header. An empty one is one: it holds no proof.
    const [text] = values;
    if (text === undefined)
      return refuse(
        'proof_missing',
        'The token was sent with scheme DPoP, and no proof came with the call. Send a fresh proof in one DPoP header; a gateway must hand that header on.',
        { expected: ['DPoP'], actual: [] },
      );
    if (values.length > 1 || text.includes(','))
      return refuse('proof_invalid', 'The call came with several DPoP headers. Send one DPoP header, with one proof.', {
        expected: [1],
        actual: [values.length > 1 ? values.length : text.split(',').length],
      });

    // 2 to 5, and 7: one well-formed JWT, all claims, typ, an asymmetric alg, a public key.
    const parsed = parseProof(text);
    if (parsed.kind === 'refused') return parsed;
    const { claims, algorithm } = parsed;
    const key = readProofKey(parsed.jwk, algorithm);
    if (key.kind === 'refused') return key;

    // 12, its second half, before 6.
    const jkt = await thumbprintOf(key);
    if (jkt !== bound)
      return refuse(
        'proof_mismatch',
        'The proof was made with another key than the one that the token is bound to (cnf.jkt). Make it with the key that the token was issued to.',
        { ...(typeof bound === 'string' && { expected: [bound] }), actual: [jkt], verified: false },
      );
    // 6: the signature.
    const unverified = await verifyProof(text, key);
    if (unverified !== undefined) return unverified;

    // 8, 9, 11 and the first half of 12: made for this request, with this token, now.
    const unfit = forRequest(claims, context) ?? inTime(claims, now) ?? ofToken(claims, context);
    if (unfit !== undefined) return unfit;

    // 10: the nonce.
    const freshness = nonces?.judge(claims.nonce, server.key, now) ?? 'good';
    const response_headers =
      nonces === undefined || freshness === 'good' ? undefined : { 'dpop-nonce': [nonces.issue(server.key, now)] };
    if (freshness === 'bad')
      return {
        ...refuse(
          'proof_nonce_required',
          `The proof holds ${claims.nonce === undefined ? 'no nonce' : 'a nonce that is not of this service and server, or is too old'}. Repeat the request with a fresh proof that holds the nonce of the DPoP-Nonce header.`,
        ),
        ...(response_headers && { response_headers }),
      };

    const { jti, iat } = claims;
    return {
      kind: 'proved',
      facts: { jkt, algorithm, issued_at: iat },
      // Longer than this clock takes the proof, because that of another replica may be behind.
      once: { server: server.key, jkt, jti, issued_at: iat, until: iat + max_age_seconds + CLOCK_TOLERANCE + 1 },
      ...(response_headers && { response_headers }),
    };
  };

  function inTime({ iat, exp, nbf }: ProofClaims, now: number): Refused | undefined {
    const wrong = (message: string, expected?: number, actual: number = iat) =>
      refuse('proof_invalid', message, { ...(expected !== undefined && { expected: [expected] }), actual: [actual] });
    if (started_at !== undefined && iat < started_at)
      return wrong(
        `The proof was made before this process started (iat), and which proofs were used before that is not known. ${FRESH}`,
        started_at,
      );
    if (now - iat > max_age_seconds)
      return wrong(
        `The proof is ${now - iat} seconds old (iat), and at most ${max_age_seconds} are accepted. ${FRESH} If it was fresh, compare the clocks.`,
        max_age_seconds,
        now - iat,
      );
    if (iat - now > CLOCK_TOLERANCE)
      return wrong(
        `The proof was made ${iat - now} seconds ahead of now (iat), and at most ${CLOCK_TOLERANCE} are accepted. Compare the clocks of the client and of audgate.`,
        CLOCK_TOLERANCE,
        iat - now,
      );
    // Not of RFC 9449; but whoever writes them means them (RFC 7519 §4.1.4 and §4.1.5).
    if (exp !== undefined && now >= exp + CLOCK_TOLERANCE)
      return wrong(`The proof has ended (exp). ${FRESH}`, now, exp);
    if (nbf !== undefined && nbf > now + CLOCK_TOLERANCE)
      return wrong('The proof does not hold yet (nbf). Compare the clocks of the client and of audgate.', now, nbf);
    return undefined;
  }
}

/** Checks 8 and 9. The URI is the registered one: what the client wrote into Host or its target decides nothing. */
function forRequest({ htm, htu }: ProofClaims, { method, server }: ProofContext): Refused | undefined {
  if (method === undefined)
    return refuse(
      'proof_invalid',
      'The method of the HTTP request that the proof must name (htm) was not handed on. Have whoever asks audgate hand on the method of its client’s request.',
      { expected: [htm], actual: [] },
    );
  if (htm !== method)
    return refuse(
      'proof_invalid',
      `The proof is for a request with method ${quote(htm)} (htm), and this one has ${quote(method)}. ${FRESH}`,
      { expected: [method], actual: [htm] },
    );
  if (!isSameUri(htu, server.resource))
    return refuse(
      'proof_invalid',
      `The proof is for ${quote(htu)} (htu), and this server is ${server.resource}. Make the proof for the server’s registered resource, without query and fragment.`,
      { expected: [server.resource], actual: [htu] },
    );
  return undefined;
}

/** Check 12, its first half: the proof was made for this very token (RFC 9449 §4.2). */
function ofToken({ ath }: ProofClaims, { text }: ProofContext): Refused | undefined {
  // What is compared is the client's own, so the time that it takes tells nothing.
  if (ath === hash('sha256', text, 'base64url')) return undefined;
  return refuse(
    'proof_invalid',
    'The proof was made for another access token (ath). Put the base64url SHA-256 of the token that you send into ath.',
    { actual: [ath] },
  );
}
