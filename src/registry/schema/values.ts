/** Values that stand in several records of a registry. */
import { z } from 'zod';
import type { Json } from '../../json/value.ts';

/** RFC 6749 §3.3: visible ASCII without space, `"` and `\`. */
export const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;
/** No control characters (C0, DEL, C1): these values are compared with claims, which have none (contract 5). */
const CLEAN = /^[^\u0000-\u001f\u007f-\u009f]+$/;
/** As tokens have them (contract 5). */
export const MAX_CLAIM = 255;
export const MAX_AUDIENCE = 2048;

export const clean = (description: string, max: number, ...examples: string[]) =>
  z.string().max(max).regex(CLEAN).meta({ description, examples });

/** `checkPlain` has seen to it that the value is one. */
export const anyJson: z.ZodType<Json> = z.any();

/** Stands in `/v1/servers/{key}`, in file names and logs. */
export const key = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)
  .meta({ description: 'a key of letters, digits, ".", "_" and "-", at most 64, that starts with a letter or digit' });

export const issuerKey = z
  .string()
  .min(1)
  .meta({ description: 'the key of an issuer of this registry', examples: ['corp'] });
export const serverKey = z
  .string()
  .min(1)
  .meta({ description: 'the key of a server of this registry', examples: ['files'] });
export const audience = clean('an audience value of 1 to 2,048 characters', MAX_AUDIENCE, 'api://default');
export const scope = z
  .string()
  .max(MAX_CLAIM)
  .regex(SCOPE)
  .meta({ description: 'a scope of 1 to 255 visible ASCII characters without space, " and \\ (RFC 6749 §3.3)' });
export const scopes = z.array(scope).meta({ description: 'a list of scopes', examples: [['files:read']] });
export const labels = z
  .record(z.string(), anyJson)
  .default({})
  .meta({ description: 'a mapping of attributes for custom rules', examples: [{ risk: 'low' }] });
