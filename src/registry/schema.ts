/**
 * The form of registry files. One schema checks them, names near misses and generates `schemas/registry.schema.json`; each
 * `description` is written so that "Write …" before it is the remedy that a problem shows. What one value alone cannot
 * tell (who else has this audience, whether a URI is canonical) is the lint's.
 */
import { z } from 'zod';
import { exchange, exchangeShape } from './schema/exchange.ts';
import { ALGORITHMS, introspectionRemains, issuerShape } from './schema/issuer.ts';
import { foreignAudienceShape, hubShape, serverShape } from './schema/server.ts';
import { anyJson, audience, issuerKey, key } from './schema/values.ts';
import { audienceWaiverShape, lifetimeWaiverShape, waiver } from './schema/waiver.ts';

const waivers = z.array(waiver).default([]).meta({ description: 'a list of waivers' });

export const issuerSchema = z
  .strictObject(issuerShape)
  .meta({ description: 'a mapping with issuer, one key source, and algorithms' });
export const serverSchema = z
  .strictObject({ ...serverShape, waivers })
  .meta({ description: 'a mapping with resource, issuers and max_lifetime_seconds' });
export const exchangeSchema = exchange;
export const EXCHANGES = 'a list of {from, to, client, scopes}';
export const FILE = 'a mapping with issuers and servers';
export const fileSchema = z
  .strictObject({
    $schema: z.string().optional().meta({ description: 'the address of this schema, for editors' }),
    issuers: z.record(key, issuerSchema).default({}).meta({ description: 'a mapping of keys to issuers' }),
    servers: z.record(key, serverSchema).default({}).meta({ description: 'a mapping of keys to servers' }),
    exchanges: z.array(exchange).default([]).meta({ description: EXCHANGES }),
  })
  .meta({ description: FILE });
export const keySchema = key;

const gaps = <T extends z.ZodType>(item: T) => z.array(item.optional()).optional();

/**
 * What is left of a record once its faults are cut out, so that the lint can say everything at once: every member may be
 * absent, and a cut item of a list is undefined. Never used to decide anything.
 */
export const issuerRemains = z.object({
  ...z.object(issuerShape).partial().shape,
  jwks: z.object({ keys: gaps(z.record(z.string(), anyJson)) }).optional(),
  introspection: introspectionRemains.optional(),
  algorithms: gaps(z.enum(ALGORITHMS)),
  extra_audiences: gaps(audience),
});
export const serverRemains = z.object({
  ...z.object(serverShape).partial().shape,
  audiences: gaps(z.union([z.string(), z.object(foreignAudienceShape).partial()])),
  issuers: gaps(issuerKey),
  hub: z.object(hubShape).partial().optional(),
  waivers: gaps(
    z
      .object({
        ...lifetimeWaiverShape,
        ...audienceWaiverShape,
        what: z.string(),
        operations: gaps(z.string()),
        codes: gaps(z.string()),
      })
      .partial(),
  ),
});

export const exchangeRemains = z.object({ ...exchangeShape, scopes: gaps(exchangeShape.scopes.element) }).partial();

export type WrittenExchange = z.infer<typeof exchangeSchema>;
export type ExchangeRemains = z.infer<typeof exchangeRemains>;
export type WrittenIssuer = z.infer<typeof issuerSchema>;
export type WrittenServer = z.infer<typeof serverSchema>;
export type IssuerRemains = z.infer<typeof issuerRemains>;
export type ServerRemains = z.infer<typeof serverRemains>;
export type WaiverRemains = NonNullable<NonNullable<ServerRemains['waivers']>[number]>;

/** JSON Schema (2020-12) of a registry file, for editors. */
export function registryJsonSchema(): Record<string, unknown> {
  return { title: 'audgate registry', ...z.toJSONSchema(fileSchema, { io: 'input' }) };
}
