/** Decisions as a service makes them, for what looks at them afterwards; and whoever looks, with clocks that a test turns. */
import type { Caller } from '../../src/decide/ask.ts';
import type { Decision } from '../../src/decision/decision.ts';
import type { CallFacts, TokenFacts } from '../../src/decision/facts.ts';
import type { MisuseEvent, MisuseKind } from '../../src/decision/misuse.ts';
import { MISUSE_KINDS } from '../../src/decision/misuse.ts';
import type { ReasonCode } from '../../src/decision/reasons.ts';
import { createMisuse, type Misuse, type MisuseParts } from '../../src/misuse/observe.ts';
import type { Observed } from '../../src/misuse/sighting.ts';
import type { IssuerRecord, ServerRecord } from '../../src/registry/registry.ts';
import { server } from '../http/serve.ts';

const ISS = 'https://login.example.com';
export const resourceOf = (key: string) => `https://${key}.example.com/mcp`;

export interface Shown {
  /** Text of the token. */
  readonly text: string;
  /** Registry key. */
  readonly server: string;
  /** None: allowed. */
  readonly codes?: readonly ReasonCode[];
  readonly outcome?: 'deny' | 'indeterminate';
  /** Null: its text was not read. */
  readonly claims?: Partial<TokenFacts> | null;
  readonly verified?: boolean;
  readonly caller?: Partial<Caller>;
  readonly call?: CallFacts | null;
  /** Audiences that a waiver of this server lets in for this client. */
  readonly waived?: readonly string[];
}

const READ: CallFacts = { method: 'tools/call', tool: 'read_file' };

export function decided(shown: Shown): Observed {
  const { text, codes = [], outcome = 'deny', claims = {}, caller, call = READ, waived = [] } = shown;
  const record: ServerRecord = server(shown.server, resourceOf(shown.server), {
    waiversFor: () => waived.map((audience) => ({ ...WAIVER, audience })),
  });
  const token = claims && {
    type: 'at+jwt',
    algorithm: 'ES256',
    issuer: ISS,
    audiences: [resourceOf(shown.server)],
    scopes: [],
    client_id: 'app',
    subject: 'user',
    token_id: `id of ${text}`,
    claims: {},
    ...claims,
  };
  const reasons = codes.map((code) => ({ code, message: code }));
  const id = crypto.randomUUID();
  return {
    ask: { server: record.resource, token: text },
    caller: { name: 'edge', servers: '*', ...caller },
    decision: { ...REFUSED, decision: codes.length === 0 ? 'allow' : outcome, decision_id: id, reasons } as Decision,
    evaluation: {
      outcome: codes.length === 0 ? 'allow' : outcome,
      server: record,
      reasons,
      call,
      token,
      verified: shown.verified ?? token !== null,
      input: null,
      custom: null,
      required_scopes: [],
      waivers: [],
      would_deny: [],
      reported: [],
    },
    registry: REGISTRY,
  };
}

const WAIVER = {
  what: 'audience' as const,
  issuer: 'corp',
  client_id: 'app',
  operations: [] as string[],
  owner: 'team',
  reason: 'not yet',
  until: '2026-12-31T00:00:00Z',
  until_seconds: 1_798_675_200,
};
const REFUSED = { server: null, revision: 'sha256:1', challenge: { status: 401, headers: {} } };
const REGISTRY: Observed['registry'] = {
  issuerByIss: new Map([[ISS, { key: 'corp' } as IssuerRecord]]),
  ownersOf(audience) {
    const [, key] = /^https:\/\/(\w+)\.example\.com\/mcp$/.exec(audience) ?? [];
    return key === undefined ? [] : [{ kind: 'server', key }];
  },
};

export interface Watching extends Misuse {
  readonly events: MisuseEvent[];
  readonly kinds: () => readonly MisuseKind[];
  readonly repeated: () => number;
  /** One decision, and the kinds that it showed. */
  see(shown: Shown): readonly MisuseKind[];
  /** Later by so many milliseconds; what was put off until then is done. */
  pass(ms: number): void;
}

export function watching(over: Partial<MisuseParts> = {}): Watching {
  const events: MisuseEvent[] = [];
  let [clock, repeats, ids] = [0, 0, 0];
  let planned: { at: number; act: () => void }[] = [];
  const misuse = createMisuse({
    kinds: MISUSE_KINDS,
    max_entries: 1000,
    window_seconds: 600,
    fallback_seconds: 10,
    sweep_servers: 3,
    secret: new Uint8Array(32).fill(7),
    now: () => Date.parse('2026-11-23T12:00:00Z') + clock,
    ticks: () => BigInt(clock) * 1_000_000n,
    newId: () => `event-${ids++}`,
    later(act, ms) {
      const one = { at: clock + ms, act };
      planned.push(one);
      return () => {
        planned = planned.filter((other) => other !== one);
      };
    },
    onEvent: (event) => events.push(event),
    onRecognised(_, repeated) {
      if (repeated) repeats++;
    },
    onBroken(error) {
      throw error;
    },
    ...over,
  });
  return {
    ...misuse,
    events,
    kinds: () => events.map(({ kind }) => kind),
    repeated: () => repeats,
    see(shown) {
      const before = events.length;
      misuse.observe(decided(shown));
      return events.slice(before).map(({ kind }) => kind);
    },
    pass(ms) {
      clock += ms;
      const due = planned.filter(({ at }) => at <= clock);
      planned = planned.filter(({ at }) => at > clock);
      for (const { act } of due) act();
    },
  };
}
