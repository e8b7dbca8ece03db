/** Which member of the registry made a check come out as it did. */
import type { PolicyInput, WaiverInput } from '../decision/input.ts';
import type { Check } from '../decision/verdict.ts';
import type { Registry, ServerRecord, Source } from '../registry/registry.ts';
import type { Evaluation } from './evaluate.ts';
import { entriesOf, listingOf, memberAt, texts, type WrittenEntry } from './explain-entries.ts';

type Path = readonly (string | number)[];

export const place = ({ file, line }: Source) => `${file}:${line}`;

/** @returns `file:line`; of a rule that nobody asked, and of custom rules, the server's record; null without a server */
export function whereOf(check: Check, evaluation: Evaluation, registry: Registry): string | null {
  const { server, input } = evaluation;
  if (server === null) return null;
  if (input === null) return place(server.source);
  if (isAboutTime(check, evaluation))
    return place(registry.whereIs('issuers', input.registered.issuer.key, 'clock_tolerance_seconds'));
  if (check.rule === 'authentication' || check.rule === 'operation' || check.rule === 'scope') {
    const member = check.rule === 'authentication' ? authentication : operation;
    const { key = server.key, path } = member(check, evaluation, server, registry);
    return place(registry.whereIs('servers', key, ...path));
  }
  return place(registry.whereIs('servers', server.key, ...memberOf(check, server, input)));
}

/** Of a call that a hub passes on, the record behind it is the one that says most. */
interface Member {
  readonly key?: string;
  readonly path: Path;
}

/** Whether a token is late or early, its issuer's clock says, and the tolerance for it. */
function isAboutTime({ rule, outcome }: Check, { reasons }: Evaluation): boolean {
  const codes = reasons.map(({ code }) => code);
  return (
    rule === 'lifetime' &&
    outcome === 'denied' &&
    !codes.includes('lifetime_exceeded') &&
    (codes.includes('token_expired') || codes.includes('token_not_yet_valid'))
  );
}

function memberOf(check: Check, server: ServerRecord, input: PolicyInput): Path {
  switch (check.rule) {
    case 'issuer': {
      const listed = texts(server.effective.issuers).indexOf(input.registered.issuer.key);
      return listed < 0 ? ['issuers'] : ['issuers', listed];
    }
    case 'audience':
      return audience(check, server, input);
    case 'passthrough':
      return ['resource'];
    case 'lifetime':
      return lifetime(check, server, input);
    case 'authorization_details':
      return ['authorization_details_types'];
    case 'sender_constraint':
      return ['sender_constraint'];
    case 'delegation':
      return ['actors'];
    default:
      return [];
  }
}

function audience({ outcome }: Check, server: ServerRecord, input: PolicyInput): Path {
  const { audiences } = input.token;
  const waiver = waiverOf('audience', input);
  const covered = waiver !== undefined && audiences.length === 1 && audiences[0] === waiver.audience;
  const accepted = audiences.find((value) => input.registered.server.audiences.includes(value));
  if (covered && accepted === undefined) return waiverAt(server, waiver, outcome === 'denied');
  return accepted === undefined || accepted === server.resource ? ['resource'] : ['audiences'];
}

function lifetime({ outcome, expected }: Check, server: ServerRecord, input: PolicyInput): Path {
  const waiver = waiverOf('lifetime', input);
  const ended = waiver !== undefined && input.now >= waiver.until_seconds;
  const waived = waiver !== undefined && expected[0] === waiver.max_lifetime_seconds;
  if (waiver !== undefined && (waived || (ended && outcome === 'denied')))
    return waiverAt(server, waiver, outcome === 'denied' && ended);
  return ['max_lifetime_seconds'];
}

/** The waiver of this kind that names the call; one in force rather than an ended one. */
function waiverOf(what: WaiverInput['what'], { now, registered }: PolicyInput): WaiverInput | undefined {
  const { waivers, operation } = registered;
  const named = waivers.filter((one) => one.what === what && operation && one.operations.includes(operation.name));
  return named.find(({ until_seconds }) => now < until_seconds) ?? named[0];
}

function waiverAt(server: ServerRecord, waiver: WaiverInput, ended: boolean): Path {
  return ['waivers', server.waivers.indexOf(waiver), ...(ended ? ['until'] : [])];
}

/** The first entry that asks something, else the one that opens it. */
function authentication(_: Check, { call }: Evaluation, server: ServerRecord, registry: Registry): Member {
  const entries = call === null ? [] : entriesOf(server, call, registry);
  const asking = entries.find((entry) => {
    const record = registry.servers.get(entry.server) ?? server;
    return memberAt(record.effective, [...entry.path, 'authentication']) !== undefined;
  });
  if (asking === undefined) return entries[0] === undefined ? { path: [] } : at(entries[0]);
  return at(asking, 'authentication');
}

/** The entry that opens it; of scopes, the list that holds one that the token lacks, else the first that holds any. */
function operation(
  { rule, expected }: Check,
  { call, input }: Evaluation,
  server: ServerRecord,
  registry: Registry,
): Member {
  if (call === null || input === null) return { path: [] };
  const entries = entriesOf(server, call, registry);
  const [first] = entries;
  if (input.registered.operation === undefined) {
    const key = server.hop(call)?.backend.key;
    return { ...(key !== undefined && { key }), path: [listingOf(call)] };
  }
  if (first === undefined) return { path: [] };
  if (rule === 'operation') return at(first);
  const lacking = expected.filter((scope) => !input.token.scopes.includes(String(scope)));
  const holds = (scopes: readonly (string | number)[]) =>
    entries.find((entry) => entry.scopes.some((scope) => scopes.includes(scope)));
  const found = holds(lacking) ?? holds(expected) ?? first;
  return found.path[0] === 'base_scopes' ? at(found) : at(found, 'scopes');
}

const at = ({ server, path }: WrittenEntry, ...below: readonly string[]): Member => ({
  key: server,
  path: [...path, ...below],
});
