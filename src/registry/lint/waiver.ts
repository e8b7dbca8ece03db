/** What the schema cannot say about waivers: listed, owned and dated exceptions, each as narrow as it can be. */
import type { CallFacts } from '../../decision/facts.ts';
import { UNKNOWN_CODES } from '../../decision/observe.ts';
import { COMPLETE, LISTEN, LISTS, METHODS_BY_TARGET, TASK_METHODS } from '../method.ts';
import { below, type Place, quote, type Report } from '../place.ts';
import type { ServerRemains, WaiverRemains } from '../schema.ts';
import type { Draft, Entry } from './draft.ts';
import { lintIssuerKey } from './issuer.ts';

/** Seconds. A waiver that nobody renews in a quarter is one that nobody wants. */
const MAX_AHEAD = 90 * 86_400;
/** Seconds. Observing is a step on the way to enforcing, and lets more through than any other waiver. */
const MAX_AHEAD_OBSERVING = 30 * 86_400;
/** Seconds before the end from which its owner is warned. */
export const WARNING_SECONDS = 14 * 86_400;

/** @param now seconds since the epoch */
export function lintWaivers({ value, place }: Entry<ServerRemains>, draft: Draft, now: number, report: Report): void {
  for (const [index, waiver] of (value.waivers ?? []).entries()) {
    if (waiver === undefined) continue;
    const here = below(place, 'waivers', index);
    if (waiver.issuer !== undefined) {
      lintIssuerKey(waiver.issuer, value.issuers, below(here, 'issuer'), draft, report);
    }
    for (const [at, operation] of (waiver.operations ?? []).entries()) {
      if (operation !== undefined) lintOperation(operation, below(here, 'operations', at), report);
    }
    lintEnd(waiver, here, now, report);
    lintLimit(waiver, value, here, report);
    lintCodes(waiver, here, report);
  }
}

function lintEnd({ what, until }: WaiverRemains, place: Place, now: number, report: Report): void {
  if (until === undefined) return;
  const here = below(place, 'until');
  const end = untilSeconds(until);
  const most = what === 'observe' ? MAX_AHEAD_OBSERVING : MAX_AHEAD;
  if (end === undefined) {
    report(here, { value: until, message: `There is no time ${until}.`, remedy: 'Write a day that the calendar has.' });
  } else if (end - now > most) {
    report(here, {
      value: until,
      message: `The waiver ends more than ${most / 86_400} days ahead.`,
      remedy: `Write ${rfc3339(now + most)} or earlier, and renew it with its owner.`,
    });
  } else if (end <= now) {
    report(here, {
      severity: 'warning',
      value: until,
      message: 'The waiver has ended and covers nothing.',
      remedy: 'Remove it, or renew it with its owner.',
    });
  } else if (end - now <= WARNING_SECONDS) {
    report(here, {
      severity: 'warning',
      value: until,
      message: `The waiver ends in ${inDays(end - now)}; then its calls are denied.`,
      remedy: 'Make sure that nobody needs it any more (audgate waivers shows who does), or renew it with its owner.',
    });
  }
}

/** Only what one of its operations can meet: a code that none of them has is a mistake. */
function lintCodes({ what, codes, operations }: WaiverRemains, place: Place, report: Report): void {
  if (what !== 'observe' || codes === undefined || operations === undefined) return;
  const possible = new Set<string>(
    operations.flatMap((operation) => (operation === undefined ? [] : unknownOf(operation))),
  );
  for (const [at, code] of codes.entries()) {
    if (!UNKNOWN_CODES.some((unknown) => unknown === code) || possible.has(code ?? '')) continue;
    report(below(place, 'codes', at), {
      value: code ?? null,
      message: `None of the waiver’s operations is ever denied as ${code}.`,
      remedy: `Write ${[...possible].join(' or ')}, or list the operation that is meant.`,
    });
  }
}

/** The codes by which an operation is denied that the registry does not open. */
function unknownOf(operation: string): readonly (typeof UNKNOWN_CODES)[number][] {
  const { method } = split(operation);
  if (method === COMPLETE) return ['prompt_unknown', 'resource_unknown'];
  if (method === LISTEN) return ['resource_unknown', 'task_unknown'];
  if (TASK_METHODS.includes(method)) return ['task_unknown'];
  const kind = METHODS_BY_TARGET.get(method);
  if (kind === undefined) return ['method_unknown'];
  return [kind === 'uri' ? 'resource_unknown' : `${kind}_unknown`];
}

/** Whether the waiver is for calls of this operation that the server does not open. */
export function expectsUnknown(operation: string, codes: readonly string[] | undefined): boolean {
  return unknownOf(operation).some((code) => codes?.includes(code) === true);
}

function lintLimit(waiver: WaiverRemains, server: ServerRemains, place: Place, report: Report): void {
  const { what, max_lifetime_seconds: limit } = waiver;
  if (what !== 'lifetime' || limit === undefined || server.max_lifetime_seconds === undefined) return;
  if (limit > server.max_lifetime_seconds) return;
  report(below(place, 'max_lifetime_seconds'), {
    severity: 'warning',
    value: limit,
    message: `The waiver allows no more than the server does (${server.max_lifetime_seconds} seconds).`,
    remedy: 'Remove it, or write the lifetime that these tokens have.',
  });
}

/** `METHOD TARGET`, split at the first space, or `METHOD` for methods without target (contract 1). */
function lintOperation(operation: string, place: Place, report: Report): void {
  const refuse = (message: string, remedy: string) =>
    report(place, { value: operation, message: `${quote(operation)} ${message}`, remedy });
  const { method, target } = split(operation);
  const kind = method === COMPLETE ? 'prompt or uri' : METHODS_BY_TARGET.get(method);
  if (operation.includes('*')) refuse('has a wildcard.', 'List each operation that the waiver is for.');
  else if (!/^[A-Za-z0-9_$.-]+(\/[A-Za-z0-9_$.-]+)*$/.test(method)) {
    refuse('does not begin with a method.', 'Write it like "tools/call read_file".');
  } else if (kind !== undefined && (target === undefined || target === '')) {
    refuse(`names no ${kind}.`, `Write "${method} NAME", once for each ${kind} that the waiver is for.`);
  } else if (method === LISTEN ? target?.split(' ').includes('') : kind === undefined && target !== undefined) {
    const remedy =
      method === LISTEN
        ? 'Write its lists, URIs and tasks after it, with one space between them.'
        : `Write "${method}".`;
    refuse(`names a target, which ${method} does not have.`, remedy);
  }
}

function split(operation: string): { method: string; target: string | undefined } {
  const space = operation.indexOf(' ');
  if (space < 0) return { method: operation, target: undefined };
  return { method: operation.slice(0, space), target: operation.slice(space + 1) };
}

/** The calls that a waiver's operation may be, to see whether the server has one of them. */
export function callsOf(operation: string): readonly CallFacts[] {
  const { method, target } = split(operation);
  // The id of a task comes at run time: the waiver is for all of them.
  if (TASK_METHODS.includes(method)) return [{ method, task: 'any' }];
  if (target === undefined) return [{ method }];
  if (method === COMPLETE)
    return [
      { method, prompt: target },
      { method, uri: target },
    ];
  if (method === LISTEN) {
    const all = target.split(' ');
    const first = all.findIndex((name) => !LISTS.has(name));
    const lists = all.slice(0, first < 0 ? all.length : first);
    const targets = all.slice(lists.length);
    return [...targets.keys(), targets.length].map((at) => ({
      method,
      lists,
      uris: targets.slice(0, at),
      tasks: targets.slice(at),
    }));
  }
  const kind = METHODS_BY_TARGET.get(method);
  return [kind === undefined ? { method } : { method, [kind]: target }];
}

/** Seconds since the epoch, a fraction cut off; undefined for a day that does not exist. */
export function untilSeconds(until: string): number | undefined {
  const milliseconds = Date.parse(until);
  if (Number.isNaN(milliseconds)) return undefined;
  // Date.parse takes 30 February for 2 March.
  const seconds = Math.floor(milliseconds / 1000);
  return rfc3339(seconds).slice(0, 19) === until.slice(0, 19) ? seconds : undefined;
}

const inDays = (seconds: number) => (seconds < 86_400 ? 'less than a day' : `${Math.floor(seconds / 86_400)} days`);

function rfc3339(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}
