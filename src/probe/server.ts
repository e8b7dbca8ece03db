/** Probes one live server: without a token first, then with each kind, and tells what it answers of itself. */
import { legible } from '../decision/evidence.ts';
import type { Registry, ServerRecord } from '../registry/registry.ts';
import { type AskParts, type Tried, tryMethods } from './ask.ts';
import { checkRefusals, type Refusal } from './check-challenges.ts';
import { checkMetadata } from './check-metadata.ts';
import type { Credentials } from './credentials.ts';
import { type Attempt, KINDS, type Kind, type ServerReport } from './report.ts';
import { RULES, ruleOf } from './rules.ts';

export interface ServerParts extends AskParts {
  readonly registry: Registry;
  readonly credentials: Credentials;
}

export async function probeServer(server: ServerRecord, parts: ServerParts): Promise<ServerReport> {
  const attempts: Attempt[] = [];
  const refusals: Refusal[] = [];
  const seen: Tried[] = [];
  // First, because without it nobody can say what an answer to a token means.
  let without: Tried | null = null;
  for (const kind of KINDS) {
    if (without !== null && isSilent(without)) {
      attempts.push(
        notSent(kind, server, { why: 'the server did not answer the request without a token', could: false }),
      );
      continue;
    }
    const next = kind === 'absent' ? null : () => parts.credentials.get(kind, server);
    const tried = await tryMethods(server.resource, next, parts);
    if ('why' in tried) {
      attempts.push(notSent(kind, server, tried));
      continue;
    }
    without ??= tried;
    seen.push(tried);
    attempts.push(attemptOf(kind, tried, server, { without, ...strangest(attempts) }));
    if (tried.refusal !== null) refusals.push({ kind, answer: tried.refusal });
  }
  return {
    server: server.key,
    resource: server.resource,
    source: server.source,
    attempts,
    checks: [...checkRefusals(refusals, server), ...(await checkMetadata(server, parts))],
    notes: notesOf(server, seen),
  };
}

const isSilent = ({ judged }: Tried) => judged.verdict === 'unclear' && judged.silent === true;

/** How the server refuses what is no token of anybody. */
const strangest = (attempts: readonly Attempt[]) => ({
  invalid: attempts.find(({ kind }) => kind === 'stranger_key')?.found,
});

const EXPECTED = '401 with WWW-Authenticate';

interface Beside {
  readonly without: Tried;
  /** What a token with a stranger's signature got. */
  readonly invalid: string | undefined;
}

function attemptOf(kind: Kind, { judged, method }: Tried, server: ServerRecord, { without, invalid }: Beside): Attempt {
  const base = { kind, method, expected: `${EXPECTED}: resource_metadata="${server.resource_metadata}"` };
  const found = legible(judged.found);
  const unclear = (what: string, remedy: string): Attempt => ({ ...base, verdict: 'unclear', found: what, remedy });
  if (judged.verdict === 'unclear') return unclear(found, judged.remedy);
  if (judged.verdict === 'refused') {
    // RFC 6750 §3.1: 403 is for a token that is good, and whose holder may not.
    if (found === '403' && invalid === '401')
      return unclear(
        '403, where a stranger’s token gets 401: the server may have taken this one for its own',
        'Judge audience and lifetime before what the user or client may do, and refuse with 401.',
      );
    return { ...base, verdict: 'refused', found, remedy: '' };
  }
  const remedy = RULES[ruleOf(kind)].help;
  if (judged.verdict === 'accepted') return { ...base, verdict: 'accepted', found, remedy };
  // Without a token it refuses, with this one MCP answers: so the token came through.
  if (kind !== 'absent' && judged.passed && without.judged.verdict === 'refused')
    return { ...base, verdict: 'accepted', found: `${found}, and ${without.judged.found} without a token`, remedy };
  return unclear(
    found,
    'Refuse with 401 before MCP answers (MCP authorization); an error of JSON-RPC tells no client to get a token.',
  );
}

interface Lacking {
  readonly why: string;
  readonly could: boolean;
  readonly failed?: true;
}

function notSent(kind: Kind, server: ServerRecord, { why, could, failed }: Lacking): Attempt {
  const expected = `${EXPECTED}: resource_metadata="${server.resource_metadata}"`;
  const remedy =
    failed === true
      ? 'Mend what was given to make it: nobody knows what the server does with such a token.'
      : 'Give --key FILE with --issuer-key KEY, of an issuer that the server lists.';
  const found = legible(why);
  return {
    kind,
    verdict: 'not_sent',
    method: null,
    expected,
    found,
    remedy: could ? remedy : '',
    could,
    failed: failed === true,
  };
}

/** Seconds; more is a reason of its own to refuse a token that lives for a minute. */
const MAX_SKEW = 30;

function notesOf({ sender_constraint }: ServerRecord, seen: readonly Tried[]): readonly string[] {
  const [ahead = 0] = seen
    .map((one) => one.ahead)
    .filter((seconds) => seconds !== null && Math.abs(seconds) > MAX_SKEW);
  const skew = ahead ?? 0;
  return [
    ...(sender_constraint === 'mtls'
      ? ['The server requires client certificates, which a probe does not have: a refusal may be for want of one.']
      : []),
    ...(skew === 0
      ? []
      : [
          `The server’s clock is ${Math.abs(skew)} s ${skew > 0 ? 'ahead of' : 'behind'} this machine’s: a refusal may be for that. Set both.`,
        ]),
  ];
}
