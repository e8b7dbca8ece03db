/** Compares a server's protected resource metadata, where RFC 9728 §3.1 puts it, with the registry. */
import { evidence } from '../decision/evidence.ts';
import { readJson } from '../json/read.ts';
import { isJsonObject, type Json, type JsonObject } from '../json/value.ts';
import { protectedResourceMetadata } from '../registry/metadata.ts';
import type { Registry, ServerRecord } from '../registry/registry.ts';
import { sorted } from './check-challenges.ts';
import { type ExchangeParts, exchange } from './exchange.ts';
import type { Check } from './report.ts';
import { RULES, type RuleId } from './rules.ts';

const MAX_DEPTH = 16;

export async function checkMetadata(
  server: ServerRecord,
  parts: ExchangeParts & { readonly registry: Registry },
): Promise<readonly Check[]> {
  const { resource_metadata: url } = server;
  const answer = await exchange({ method: 'GET', url, headers: { accept: 'application/json' } }, parts);
  const missing = (found: string, verdict: 'differs' | 'unclear' = 'differs') => [
    check('metadata-missing', verdict, [`200 at ${url}`], [found]),
  ];
  if (!answer.ok) return missing(answer.detail, 'unclear');
  if (answer.status >= 500) return missing(`HTTP status ${answer.status}`, 'unclear');
  if (answer.status !== 200) return missing(`HTTP status ${answer.status}`);
  if (answer.media_type !== 'application/json') return missing(`content type ${answer.media_type || 'none'}`);
  if (answer.end !== 'whole') return missing('a document that did not end, or is longer than 64 KiB', 'unclear');
  const json = readJson(answer.text, { depth: MAX_DEPTH });
  if (!json.ok || !isJsonObject(json.value)) return missing('what is not one well-formed JSON object');
  return compare(json.value, protectedResourceMetadata(server, parts.registry));
}

/** @param told what the server says @param registered what it should say */
function compare(told: JsonObject, registered: JsonObject): readonly Check[] {
  const judge = (id: RuleId, same: boolean, expected: readonly string[], found: readonly string[]) =>
    check(id, same ? 'same' : 'differs', expected, found);
  const set = (id: RuleId, name: string) => {
    const [expected, found] = [textsOf(registered[name]), textsOf(told[name])];
    return judge(id, sorted(expected) === sorted(found), expected, found);
  };
  const methods = textsOf(told.bearer_methods_supported);
  const bound = ['dpop_bound_access_tokens_required', 'tls_client_certificate_bound_access_tokens'];
  // RFC 9728 §2: absent is false.
  const boundBy = (from: JsonObject) => bound.map((name) => `${name}: ${JSON.stringify(from[name] ?? false)}`);
  return [
    judge(
      'metadata-resource',
      told.resource === registered.resource,
      textsOf(registered.resource),
      textsOf(told.resource),
    ),
    set('metadata-authorization-servers', 'authorization_servers'),
    set('metadata-scopes', 'scopes_supported'),
    // Optional, and nothing is said without it.
    judge(
      'metadata-bearer-methods',
      told.bearer_methods_supported === undefined || sorted(methods) === 'header',
      ['header'],
      methods,
    ),
    judge(
      'metadata-sender-constraint',
      boundBy(told).join() === boundBy(registered).join(),
      boundBy(registered),
      boundBy(told),
    ),
  ];
}

/** What is no text stands as its JSON, so that it equals none. */
function textsOf(value: Json | undefined): readonly string[] {
  if (value === undefined) return [];
  const all = Array.isArray(value) ? value : [value];
  return all.map((one: Json) => (typeof one === 'string' ? one : JSON.stringify(one)));
}

function check(id: RuleId, verdict: Check['verdict'], expected: readonly string[], found: readonly string[]): Check {
  const shown = (values: readonly string[]) => evidence(values).map(String);
  const remedy = verdict === 'same' ? '' : RULES[id].help;
  return { check: id, verdict, expected: shown(expected), found: shown(found), remedy };
}
