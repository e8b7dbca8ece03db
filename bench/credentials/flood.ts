/** What a refused token or proof costs, beside one that is let in; each of them seen for the first time. */
import type { Ask } from '../../src/decide/ask.ts';
import { createProofKey, type ProofSpec, prove } from '../../src/testing/prove.ts';
import { sideBySide } from './sides.ts';
import { FILES, openStand, type Stand } from './stand.ts';

export interface Flood {
  readonly name: string;
  readonly us: number;
  /** Of a valid one of its kind. */
  readonly ratio: number;
}

const CALLER = { name: 'bench', servers: '*' } as const;
const CALL = { kind: 'call', method: 'tools/call', tool: 'read_file', arguments: {} } as const;

type Make = (stand: Stand, nth: number) => Promise<string>;

const TOKENS: Readonly<Record<string, Make>> = {
  valid: (stand, nth) => stand.token({ jti: `v-${nth}` }),
  'signed by another key': (stand, nth) => stand.token({ jti: `f-${nth}` }, {}, 'foreign_key'),
  'with a broken signature': (stand, nth) => stand.token({ jti: `b-${nth}` }, {}, 'broken'),
  'of an unknown key': (stand, nth) => stand.token({ jti: `k-${nth}` }, { kid: `nobody-${nth}` }),
  'of an unknown issuer': (stand, nth) => stand.token({ iss: `https://evil-${nth}.example.com` }),
  'with alg none': (stand, nth) => stand.token({ jti: `n-${nth}` }, { alg: 'none' }, 'none'),
  'of a wrong type': (stand, nth) => stand.token({ jti: `t-${nth}` }, { typ: 'JWT' }),
  'with wrong claims': (stand, nth) => stand.token({ jti: `c-${nth}`, sub: 7 }),
  'for another server': (stand, nth) => stand.token({ jti: `a-${nth}`, aud: `https://other-${nth}.example.com/mcp` }),
  'that ended': (stand, nth) => stand.token({ jti: `e-${nth}`, iat: stand.now - 60, exp: stand.now - 30 }),
  'of 8 KiB that is no JSON': async (_, nth) =>
    `${Buffer.from(`{"x":"${nth}`).toString('base64url')}.${'A'.repeat(8000)}.AA`,
  opaque: async (_, nth) => `opaque-${nth}`,
};

const PROOFS: Readonly<Record<string, ProofSpec>> = {
  valid: {},
  'signed by another key': { sign: 'foreign_key' },
  'with alg none': { sign: 'none' },
  'for another server': { claims: { htu: 'https://other.example.com/mcp' } },
  'for another token': { claims: { ath: 'x'.repeat(43) } },
  'that is old': { claims: { iat: '-600' } },
};

export async function measureFlood({ tokens, rounds }: { tokens: number; rounds: number }): Promise<readonly Flood[]> {
  const stand = await openStand('ES256');
  let made = 0;
  const decide = async (asks: readonly Partial<Ask>[], allowed: boolean) => {
    for (const ask of asks) {
      const { decision, reasons } = await stand.service.decide({ server: FILES, source: CALL, ...ask }, CALLER);
      if ((decision === 'allow') !== allowed) throw new Error(`${decision} ${reasons[0]?.code ?? ''}`);
    }
  };
  // All are made before anything is measured, and none is shown twice: what is remembered costs less.
  const runs = rounds + 2;
  const pile = async (ask: (nth: number) => Promise<Partial<Ask>>) => {
    const all: Partial<Ask>[][] = [];
    for (let run = 0; run < runs; run++) {
      const from = made;
      made += tokens;
      all.push(await Promise.all(Array.from({ length: tokens }, (_, nth) => ask(from + nth))));
    }
    return all;
  };
  const contenders = [];
  for (const [name, make] of Object.entries(TOKENS)) {
    const piles = await pile(async (nth) => ({ token: await make(stand, nth) }));
    contenders.push({ name: `token ${name}`, times: tokens, run: () => decide(piles.pop() ?? [], name === 'valid') });
  }
  const holder = await createProofKey('ES256');
  const token = await stand.token({ jti: 'bound', cnf: { jkt: holder.jkt } });
  const right = { method: 'POST', resource: FILES, token, now: stand.now };
  for (const [name, spec] of Object.entries(PROOFS)) {
    const piles = await pile(async (nth) => ({
      ...{ token, scheme: 'DPoP', method: 'POST' },
      proof: { dpop: [await prove(holder, { ...right, proof_id: `proof-${nth}` }, spec)] },
    }));
    contenders.push({ name: `proof ${name}`, times: tokens, run: () => decide(piles.pop() ?? [], name === 'valid') });
  }
  // A key that is not the token's is refused before its signature is looked at.
  const thief = await createProofKey('ES256');
  const stolen = await pile(async (nth) => ({
    ...{ token, scheme: 'DPoP', method: 'POST' },
    proof: { dpop: [await prove(thief, { ...right, proof_id: `proof-${nth}` })] },
  }));
  contenders.push({ name: 'proof of another key', times: tokens, run: () => decide(stolen.pop() ?? [], false) });

  const taken = await sideBySide(contenders, rounds);
  stand.close();
  return Array.from(taken, ([name, us]) => {
    const valid = taken.get(`${name.split(' ', 1)[0] ?? ''} valid`) ?? Number.NaN;
    return { name, us, ratio: us / valid };
  });
}
