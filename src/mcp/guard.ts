/** The decision inside an MCP server, for one server. Whatever is no clear allow never reaches a handler. */
import { type Ask, type Caller, findServer } from '../decide/ask.ts';
import { readCredentials } from '../decide/credentials.ts';
import type { Decider } from '../decide/decider.ts';
import type { RequestBody } from '../decision/facts.ts';
import { nearestName } from '../json/nearest.ts';
import type { Registry } from '../registry/registry.ts';
import { type Admission, admissionOf } from './admission.ts';
import { type Answer, INCOMPLETE, INTERNAL, refusalOf } from './answer.ts';
import { plainArguments } from './arguments.ts';
import { type Authorization, authorizationOf, type SessionCall } from './authorization.ts';
import { plain } from './body.ts';
import { type ClientCertificates, certificateOf } from './certificate.ts';
import { answerMetadata } from './metadata.ts';

export interface GuardParts {
  /** A service (`createService`), or whatever else decides. */
  readonly decider: Pick<Decider, 'decide' | 'current'>;
  /** The server that is protected: its registered resource, byte for byte, or its registry key. Never from a request. */
  readonly server: Ask['server'];
  /** Largest request body, bytes. Default 262,144, as of the service. */
  readonly body_bytes?: number;
  /** Where the certificate of a client's TLS connection stands, for tokens that are bound to one. Default `none`. */
  readonly client_certificates?: ClientCertificates;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Takes what went wrong inside. Nothing of it reaches an answer. */
  readonly log: { error(what: { readonly err: unknown }, message: string): void };
}

/** A client's HTTP request, as it came in. */
export interface Arrived {
  readonly method: string;
  /** Path and query as sent. */
  readonly target: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly body: RequestBody;
  /** On which it came; absent where the runtime hides it. */
  readonly socket?: unknown;
}

export type Outcome =
  | {
      readonly kind: 'admitted';
      readonly admission: Admission;
      /** That the handler's response must carry besides its own (RFC 9449 §8.2); lower-case names. */
      readonly response_headers: Answer['headers'];
    }
  | { readonly kind: 'refused'; readonly answer: Answer };

/** Stands for a token, whose text the guard keeps to itself. */
export interface Credential {
  readonly kind: 'credential';
}

/** One server's checks. `protect`, `protectHono` and `protectExpress` put it in front of handlers. None of it throws. */
export interface Guard {
  /** Bytes of a request body that are read at most. */
  readonly body_bytes: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Decides about a whole request. */
  judge(arrived: Arrived): Promise<Outcome>;
  /**
   * Decides about one call inside a session, where only the handler knows what is called, or over stdio.
   * @param holder the very `authInfo` that came with the request, or a credential; without either the call has no token
   */
  authorize(holder: object | undefined, call: SessionCall): Promise<Authorization>;
  /** For sessions without HTTP: keeps the token that the server was started with. */
  credential(token: string): Credential;
  /**
   * The answer to a request for this server's resource metadata (RFC 9728 §3); null when it asks for something else.
   * @param asked the request's Access-Control-Request-Headers
   */
  metadata(request: {
    readonly method: string;
    readonly target: string;
    readonly asked: string | undefined;
  }): Answer | null;
  /** Tells the log of a failure around the guard. @returns the answer that refuses */
  failed(err: unknown, message: string): Answer;
}

type Held = Pick<Ask, 'token' | 'scheme' | 'proof' | 'method' | 'proved_at'>;

/** As the service's own default (`limits.body_bytes`). */
const BODY_BYTES = 262_144;
/** How records name the way that the question came in. */
const DOOR = 'audgate/server';

/** @throws when the registry has no such server: a mistake in the configuration, best found at the start */
export function createGuard(parts: GuardParts): Guard {
  const { decider, server, now, log, body_bytes = BODY_BYTES, client_certificates = 'none' } = parts;
  const { registry } = decider.current();
  const registered = findServer(server, registry);
  if (registered === undefined) throw new Error(unregistered(server, registry));
  // It asks about its own server only, and learns nothing of others.
  const caller: Caller = { name: `in-process:${registered.key}`, servers: [registered.key] };
  /** Tokens by what stands for them: whoever holds, logs or serialises such an object reaches no token through it. */
  const tokens = new WeakMap<object, Held>();

  const failed = (err: unknown, message: string): Answer => {
    try {
      log.error({ err }, message);
    } catch {
      // A log that is broken must not let anything through.
    }
    return INTERNAL;
  };

  const judge = async (arrived: Arrived): Promise<Outcome> => {
    const { method, target, headers, body } = arrived;
    const { authorization = [], dpop = [], ...others } = headers;
    const { token, scheme, ambiguous } = readCredentials(authorization);
    const proof = { ...(dpop.length > 0 && { dpop }), ...certificateOf(client_certificates, arrived) };
    const held: Held = {
      ...(token !== undefined && { token }),
      ...(scheme !== undefined && { scheme }),
      ...(Object.keys(proof).length > 0 && { proof }),
    };
    const arrived_at = Math.floor(now() / 1000);
    const decision = await decider.decide(
      {
        ...held,
        ...(ambiguous !== undefined && { ambiguous }),
        server,
        source: { kind: 'request', method, body: plain(body, others['content-encoding']) },
        headers: others,
        target,
        door: DOOR,
      },
      caller,
    );
    if (decision.decision !== 'allow') return { kind: 'refused', answer: refusalOf(decision) };
    if (body.kind === 'partial') return { kind: 'refused', answer: INCOMPLETE };
    const admission = admissionOf(decision, findServer(server, decider.current().registry) ?? registered);
    // Calls inside the session are part of this request, whose proof is used.
    tokens.set(admission.authInfo, { ...held, method, proved_at: arrived_at });
    return { kind: 'admitted', admission, response_headers: decision.response_headers ?? {} };
  };

  return {
    body_bytes,
    now,
    failed,
    async judge(arrived) {
      try {
        return await judge(arrived);
      } catch (err) {
        return { kind: 'refused', answer: failed(err, 'a request could not be judged, and was refused') };
      }
    },
    async authorize(holder, { method, tool, prompt, uri, task, arguments: given }) {
      try {
        const held = holder === undefined ? {} : tokens.get(holder);
        if (held === undefined)
          throw new Error('expected the very authInfo of the request, found a copy or that of another guard');
        const args = given === undefined ? {} : { arguments: plainArguments(given) };
        // Named one by one: another member, from a client's object handed on whole, could make it another question.
        const target = Object.fromEntries(
          Object.entries({ tool, prompt, uri, task }).filter(([, name]) => name !== undefined),
        );
        const source = { ...target, ...args, kind: 'call', method } as const;
        return authorizationOf(await decider.decide({ ...held, server, source, door: DOOR }, caller));
      } catch (err) {
        failed(err, 'a call inside a session could not be judged, and was refused');
        return authorizationOf(null);
      }
    },
    credential(token) {
      const credential: Credential = Object.freeze({ kind: 'credential' });
      tokens.set(credential, { token });
      return credential;
    },
    metadata(request) {
      const { registry } = decider.current();
      const record = findServer(server, registry);
      return record === undefined ? null : answerMetadata(record, registry, request);
    },
  };
}

function unregistered(server: Ask['server'], { servers, serverByResource }: Registry): string {
  const byResource = typeof server === 'string';
  const [what, name, known] = byResource ? ['resource', server, serverByResource] : ['key', server.key, servers];
  const near = nearestName(name, [...known.keys()]);
  const next = near === undefined ? 'see audgate registry show' : `did you mean ${JSON.stringify(near)}?`;
  return `expected a registered server, found none whose ${what} is ${JSON.stringify(name)}: ${next}`;
}
