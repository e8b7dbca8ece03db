/** What the schema cannot say about one server's operations, scopes and issuers. */
import { circles } from '../implied.ts';
import { matchesExactOnly } from '../operation.ts';
import { below, type Place, quote, type Report } from '../place.ts';
import type { ServerRemains } from '../schema.ts';
import { lintAuthentication } from './authentication.ts';
import type { Draft, Entry } from './draft.ts';
import { lintIssuerKey } from './issuer.ts';
import { lintIntrospecting } from './key-source.ts';
import { warnOfRepeats } from './repeats.ts';

export function lintServer(entry: Entry<ServerRemains>, draft: Draft, report: Report): void {
  const { value, place } = entry;
  for (const [index, issuer] of (value.issuers ?? []).entries()) {
    if (issuer !== undefined) lintIssuerKey(issuer, undefined, below(place, 'issuers', index), draft, report);
  }
  for (const field of [
    'issuers',
    'advertised_scopes',
    'base_scopes',
    'actors',
    'authorization_details_types',
  ] as const) {
    warnOfRepeats(value[field], below(place, field), report);
  }
  lintIntrospecting(entry, draft, report);
  lintBaseScopes(entry, report);
  lintAnyCall(entry, report);
  lintPatterns(entry, report);
  lintAuthentication(entry, report);
  for (const circle of circles(value.scope_implies ?? {})) {
    const [first = ''] = circle;
    report(below(place, 'scope_implies', first), {
      at: 'name',
      value: first,
      message: `scope_implies goes in a circle: ${circle.join(' → ')}.`,
      remedy: 'Remove one of these, so that a wider scope implies narrower ones only.',
    });
  }
}

function lintBaseScopes({ value, place }: Entry<ServerRemains>, report: Report): void {
  if (value.base_scopes === undefined || value.call_from === 'none') return;
  report(below(place, 'base_scopes'), {
    severity: 'warning',
    at: 'name',
    value: value.base_scopes,
    message: `base_scopes says nothing where call_from is ${value.call_from ?? 'body'}: each call needs its own scopes.`,
    remedy: 'Remove it, or write call_from: none if gateways cannot tell the call.',
  });
}

/** Where nobody looks at the call, a list says what it needs, and keeps nothing else out. */
function lintAnyCall({ value, place }: Entry<ServerRemains>, report: Report): void {
  const { call_from, base_scopes, methods = {}, tools = {}, prompts = {}, resources = {}, unlisted_tools } = value;
  if (call_from !== 'none' || typeof unlisted_tools === 'object') return;
  // It needs what the servers behind it name, and has a warning of its own.
  if (value.hub !== undefined) return;
  // One with a fault is cut out, and has its own problem.
  if (base_scopes !== undefined || isWritten(place, 'base_scopes')) return;
  const entries = [methods, tools, prompts, resources].flatMap((listed) => Object.values(listed));
  if (entries.some(({ scopes }) => scopes.length > 0)) return;
  report(below(place, 'call_from'), {
    severity: 'warning',
    value: call_from,
    message:
      'call_from is none and no entry names a scope: each token for this server opens all that it offers, listed or not.',
    remedy: 'Write base_scopes: the scopes that any call needs, or [] if that is meant.',
  });
}

/** Whether a member is there, right or not: one that is not stands where any other does that is not. */
function isWritten({ origin, path }: Place, name: string): boolean {
  const [found, absent] = [origin.locate([...path, name], 'value'), origin.locate([...path, ''], 'value')];
  return found.line !== absent.line || found.column !== absent.column;
}

/** A prefix that ends before its authority does. */
const OPEN_AUTHORITY = /^(?:https?|wss?|ftps?):(?:\/{0,2}|\/\/[^/?#]*)$/i;

function lintPatterns({ value, place }: Entry<ServerRemains>, report: Report): void {
  for (const pattern of Object.keys(value.resources ?? {})) {
    const star = pattern.indexOf('*');
    if (star < 0) continue;
    const say = (severity: 'error' | 'warning', message: string, remedy: string) =>
      report(below(place, 'resources', pattern), {
        severity,
        at: 'name',
        value: pattern,
        message: `${quote(pattern)} ${message}`,
        remedy,
      });
    const prefix = pattern.slice(0, -1);
    if (star < pattern.length - 1) {
      say('error', 'has "*" before its end.', 'Write one exact URI, or a prefix that ends in one "*".');
    } else if (OPEN_AUTHORITY.test(prefix)) {
      // `https://files.example*` also matches https://files.example.attacker.net/.
      say('warning', 'leaves the authority open: other hosts match too.', 'Write it in full, like https://HOST/*.');
    } else if (matchesExactOnly(`${prefix}x`)) {
      const remedy = 'Write the prefix without "\\", "//", "." or "..".';
      say('warning', 'matches nothing: such URIs match exact entries only.', remedy);
    }
  }
}
