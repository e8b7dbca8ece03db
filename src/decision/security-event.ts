/** A Security Event Token (RFC 8417) whose signature, issuer and audience are right, as facts. */
import type { JsonObject } from '../json/value.ts';

export interface SecurityEvent {
  /** Registry key of the issuer that signed it. */
  readonly transmitter: string;
  /** `jti` */
  readonly id: string;
  /** Seconds since the epoch, perhaps with a fraction: `toe` where it says so, else `iat`. */
  readonly time: number;
  /** `sub_id` (RFC 9493), as the event holds it. */
  readonly subject?: JsonObject;
  /** By the URI of the event's type. */
  readonly events: Readonly<Record<string, JsonObject>>;
}

/** Why an event is not taken, as its transmitter is told (RFC 8935 §2.4). */
export type EventError = 'invalid_request' | 'invalid_key' | 'invalid_issuer' | 'invalid_audience';
