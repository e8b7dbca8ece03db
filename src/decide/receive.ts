/** A security event from its text to its effect: verified, understood, and written down before it is acknowledged. */
import type { EventError, SecurityEvent } from '../decision/security-event.ts';
import { effectOf, eventId } from '../facts/revocation/effect.ts';
import type { WrittenEntry } from '../facts/revocation/entry.ts';
import type { KeyLookup } from '../facts/token/read.ts';
import { readEvent } from '../facts/token/read-event.ts';
import type { Registry } from '../registry/registry.ts';

export type Receipt =
  /** `known`: it came before; `ignored`: it revokes nothing here. */
  | { readonly kind: 'taken'; readonly outcome: 'applied' | 'known' | 'ignored' }
  | { readonly kind: 'refused'; readonly error: EventError; readonly description: string }
  /** It may be sent again. `detail` is for the log. */
  | { readonly kind: 'unavailable'; readonly detail: string };

export interface EventConfig {
  /** By registry key: the `aud` of its events, and of which issuers it revokes tokens. */
  readonly transmitters: Readonly<
    Record<string, { readonly audience: string; readonly subjects_of?: readonly string[] }>
  >;
  readonly list: {
    /** Whether an entry came from this event. */
    knows(event: string): boolean;
    /** @returns null once it is written and in force, else why not */
    add(entries: readonly WrittenEntry[]): Promise<string | null>;
  };
}

/** What is in force when an event comes. */
export interface ReceivingAt {
  readonly registry: Registry;
  readonly lookup: KeyLookup;
  /** Seconds since the epoch. */
  readonly now: number;
}

export interface ReceiverParts extends EventConfig {
  readonly at: () => ReceivingAt;
  readonly log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
}

/** Says in the log what became of each event. */
export function createReceiver({ at, log, ...config }: ReceiverParts): (text: string) => Promise<Receipt> {
  return async (text) => {
    const receipt = await receive(text, config, at());
    if (receipt.kind === 'taken') log.info({ outcome: receipt.outcome }, 'a security event was taken');
    else log.warn({ ...receipt }, 'a security event was not taken');
    return receipt;
  };
}

async function receive(text: string, { transmitters, list }: EventConfig, at: ReceivingAt): Promise<Receipt> {
  const { registry, now } = at;
  const audiences = new Map(Object.entries(transmitters).map(([key, { audience }]) => [key, audience]));
  const read = await readEvent(text, { ...at, audiences });
  if (read.kind !== 'verified') return read;
  const { event } = read;
  const effect = effectOf(event, revocableBy(event, transmitters, registry), now);
  if (effect.kind === 'refused') return { ...effect, error: 'invalid_request' };
  if (effect.kind === 'none') return { kind: 'taken', outcome: 'ignored' };
  if (list.knows(eventId(event))) return { kind: 'taken', outcome: 'known' };
  const problem = await list.add(effect.entries);
  return problem === null ? { kind: 'taken', outcome: 'applied' } : { kind: 'unavailable', detail: problem };
}

function revocableBy({ transmitter }: SecurityEvent, transmitters: EventConfig['transmitters'], { issuers }: Registry) {
  const keys = transmitters[transmitter]?.subjects_of ?? [transmitter];
  return keys.map((key) => issuers.get(key)).filter((issuer) => issuer !== undefined);
}
