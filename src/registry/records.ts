/** Takes the records out of the files, each checked for its form; keys are unique over all files. */
import { z } from 'zod';
import type { Entry } from './lint/draft.ts';
import { below, type Place, quote, type Report } from './place.ts';
import { checkPlain } from './plain.ts';
import type { ReadText } from './read.ts';
import * as schema from './schema.ts';
import { shape } from './shape.ts';

export interface Taken<Strict, Remains> extends Entry<Remains> {
  /** As written. */
  readonly raw: unknown;
  /** Undefined when its form is wrong; then that was reported. */
  readonly strict: Strict | undefined;
}

export interface Records {
  readonly issuers: readonly Taken<schema.WrittenIssuer, schema.IssuerRemains>[];
  readonly servers: readonly Taken<schema.WrittenServer, schema.ServerRemains>[];
  /** `key` is the place in its file's list. */
  readonly exchanges: readonly Taken<schema.WrittenExchange, schema.ExchangeRemains>[];
}

/** The file around the records, which are checked one by one. */
const frame = z
  .strictObject({
    ...schema.fileSchema.shape,
    issuers: z.record(schema.keySchema, z.any()).optional().meta({ description: 'a mapping of keys to issuers' }),
    servers: z.record(schema.keySchema, z.any()).optional().meta({ description: 'a mapping of keys to servers' }),
    exchanges: z.array(z.any()).optional().meta({ description: schema.EXCHANGES }),
  })
  .meta({ description: schema.FILE });

/** Stops after every record. */
export function* collect(files: readonly ReadText[], report: Report): Generator<void, Records> {
  const issuers: Taken<schema.WrittenIssuer, schema.IssuerRemains>[] = [];
  const servers: Taken<schema.WrittenServer, schema.ServerRemains>[] = [];
  const exchanges: Taken<schema.WrittenExchange, schema.ExchangeRemains>[] = [];
  const taken = new Map<string, Place>();
  for (const { value, place } of files) {
    if (value === undefined) continue;
    checkPlain(value, place, report);
    shape(value, frame, z.unknown(), undefined, place, report);
    for (const { key, raw, here } of members(value, place, 'issuers', taken, report)) {
      const { strict, remains } = shape(raw, schema.issuerSchema, schema.issuerRemains, {}, here, report);
      issuers.push({ key, place: here, raw, strict, value: remains });
      yield;
    }
    for (const { key, raw, here } of members(value, place, 'servers', taken, report)) {
      const { strict, remains } = shape(raw, schema.serverSchema, schema.serverRemains, {}, here, report);
      servers.push({ key, place: here, raw, strict, value: remains });
      yield;
    }
    const listed: unknown = isMapping(value) ? value.exchanges : undefined;
    for (const [index, raw] of (Array.isArray(listed) ? listed : []).entries()) {
      const here = below(place, 'exchanges', index);
      const { strict, remains } = shape(raw, schema.exchangeSchema, schema.exchangeRemains, {}, here, report);
      exchanges.push({ key: String(index), place: here, raw, strict, value: remains });
      yield;
    }
  }
  return { issuers, servers, exchanges };
}

function* members(
  value: unknown,
  place: Place,
  field: 'issuers' | 'servers',
  taken: Map<string, Place>,
  report: Report,
): Generator<{ key: string; raw: unknown; here: Place }> {
  const mapping: unknown = isMapping(value) ? value[field] : undefined;
  if (!isMapping(mapping)) return;
  for (const [key, raw] of Object.entries(mapping)) {
    const here = below(place, field, key);
    const first = taken.get(`${field} ${key}`);
    if (first === undefined) taken.set(`${field} ${key}`, here);
    else {
      const { line } = first.origin.locate(first.path, 'name');
      report(here, {
        at: 'name',
        value: key,
        message: `The key ${quote(key)} is taken: ${first.origin.file}:${line} has it already.`,
        remedy: 'Choose another key, or keep one of the two.',
      });
    }
    yield { key, raw, here };
  }
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws when a record's form was wrong and nobody said so: a bug */
export function strictOf<Strict>(taken: readonly Taken<Strict, unknown>[]): Entry<Strict>[] {
  return taken.map(({ key, place, strict }) => {
    if (strict === undefined) throw new Error(`the record ${key} has no form, and no problem was reported`);
    return { key, place, value: strict };
  });
}
