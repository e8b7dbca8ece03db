/** What is asked of the user's authentication, where it can be met by nobody: that denies, and is seldom meant. */
import { strictest } from '../authentication.ts';
import { COMPLETE, LISTEN, METHODS_BY_TARGET } from '../method.ts';
import { below, quote, type Report } from '../place.ts';
import type { WrittenOperation } from '../schema/operation.ts';
import type { ServerRemains } from '../schema.ts';
import type { Entry } from './draft.ts';
import { warnOfRepeats } from './repeats.ts';

type Asking = Pick<WrittenOperation, 'authentication'>;
type Listing = 'tools' | 'prompts' | 'resources';

/** Where the entries stand that a method's own is joined with. */
const LISTINGS: ReadonlyMap<string, readonly Listing[]> = new Map([
  ...[...METHODS_BY_TARGET].map(([method, kind]): [string, readonly Listing[]] => [method, [listingOf(kind)]]),
  [COMPLETE, ['prompts', 'resources']],
  [LISTEN, ['resources']],
]);

export function lintAuthentication({ value, place }: Entry<ServerRemains>, report: Report): void {
  const { methods = {}, unlisted_tools: unlisted, call_from } = value;
  const warn = (path: readonly string[], named: string, values: unknown) =>
    report(below(place, ...path, 'authentication', 'acr_values'), {
      severity: 'warning',
      value: values,
      message: `No acr value is accepted both here and by ${named}: what needs both is closed to every token.`,
      remedy: `Write a value that ${named} accepts too.`,
    });
  for (const listing of ['methods', 'tools', 'prompts', 'resources'] as const)
    for (const [name, entry] of Object.entries(value[listing] ?? {}))
      warnOfRepeats(
        entry.authentication?.acr_values,
        below(place, listing, name, 'authentication', 'acr_values'),
        report,
      );
  for (const [method, own] of Object.entries(methods)) {
    for (const listing of LISTINGS.get(method) ?? []) {
      for (const [name, entry] of Object.entries(value[listing] ?? {}))
        if (isClosed([own, entry])) warn([listing, name], `methods ${quote(method)}`, entry.authentication?.acr_values);
      if (listing === 'tools' && typeof unlisted === 'object' && isClosed([own, unlisted]))
        warn(['unlisted_tools'], `methods ${quote(method)}`, unlisted.authentication?.acr_values);
    }
  }
  if (call_from !== 'none') return;
  const entries = [methods, value.tools ?? {}, value.prompts ?? {}, value.resources ?? {}].flatMap(
    Object.values<Asking>,
  );
  if (!isClosed(typeof unlisted === 'object' ? [...entries, unlisted] : entries)) return;
  report(below(place, 'call_from'), {
    severity: 'warning',
    value: call_from,
    message:
      'call_from is none, so that any call must satisfy what each entry asks of the user’s authentication, and no acr value is accepted by all of them: the server is closed to every token.',
    remedy: 'Write one value that all of them accept, or another call_from.',
  });
}

/** Each of them takes some, and no value is taken by all. */
function isClosed(entries: readonly Asking[]): boolean {
  return strictest(entries)?.acr_values?.length === 0;
}

function listingOf(kind: 'tool' | 'prompt' | 'uri'): Listing {
  return kind === 'tool' ? 'tools' : kind === 'prompt' ? 'prompts' : 'resources';
}
