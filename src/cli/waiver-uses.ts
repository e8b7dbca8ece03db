/** How often the waivers of a registry were used, by decision records or by the metrics of a running audgate. */
import { z } from 'zod';
import type { WaiverInput } from '../decision/input.ts';
import { WARNING_SECONDS } from '../registry/lint/waiver.ts';
import type { Registry } from '../registry/registry.ts';

export interface Row extends Omit<WaiverInput, 'until_seconds'> {
  readonly server: string;
  readonly state: 'in_force' | 'ends_soon' | 'ended';
  /** Below 0 once it has ended. */
  readonly seconds_left: number;
  /** Whole days; 0 once it has ended. */
  readonly days_left: number;
  /** Null: nobody looked. */
  readonly uses: number | null;
  /** RFC 3339; null: none, or nobody can tell. */
  readonly last_use: string | null;
}

export interface Tally {
  /** From now on what is not counted was not used. */
  begin(): void;
  /** One line of a decision log; what is no decision is passed over. */
  record(line: string): void;
  /** The text of `/metrics`. */
  metrics(text: string): void;
  /** Those that end first, first. */
  rows(): readonly Row[];
  /** Uses of waivers that the registry does not have. */
  elsewhere(): number;
}

const use = z.object({ what: z.string(), owner: z.string(), until: z.string() });
type Use = z.infer<typeof use>;

/** What is read of a record. */
const allowed = z.object({
  timestamp: z.string(),
  path: z.string(),
  input: z.object({
    token: z.object({ client_id: z.string().optional() }),
    registered: z.object({
      issuer: z.object({ key: z.string() }),
      operation: z.object({ name: z.string() }).optional(),
    }),
  }),
  result: z.object({
    decision: z.literal('allow'),
    server: z.string(),
    advice: z.object({ waivers: z.array(use) }),
  }),
});
type Allowed = z.infer<typeof allowed>;

interface Held {
  readonly server: string;
  readonly waiver: WaiverInput;
  uses: number;
  last: string | null;
}

/** @param now seconds since the epoch */
export function tallyOf({ servers }: Registry, now: number): Tally {
  const held = [...servers.values()].flatMap(({ key: server, waivers }) =>
    waivers.map((waiver): Held => ({ server, waiver, uses: 0, last: null })),
  );
  let counted = false;
  let gone = 0;
  const matching = (server: string, { what, owner, until }: Use) =>
    held.filter(
      ({ server: of, waiver }) =>
        of === server && waiver.what === what && waiver.owner === owner && waiver.until === until,
    );

  return {
    begin() {
      counted = true;
    },
    record(line) {
      const read = allowed.safeParse(parsed(line));
      if (!read.success || read.data.path === 'audgate/explain') return;
      const { timestamp, result } = read.data;
      for (const one of result.advice.waivers) {
        const found = matching(result.server, one).filter(({ waiver }) => isMeant(waiver, read.data));
        if (found.length === 0) gone++;
        for (const entry of found) {
          entry.uses++;
          if (entry.last === null || Date.parse(timestamp) > Date.parse(entry.last)) entry.last = timestamp;
        }
      }
    },
    metrics(text) {
      for (const [, labels = '', value = ''] of text.matchAll(/^audgate_waiver_uses_total\{(.*)\} (\S+)$/gm)) {
        const { server = '', what = '', owner = '', until = '' } = labelsOf(labels);
        const found = matching(server, { what, owner, until });
        if (found.length === 0) gone += Number(value);
        for (const entry of found) entry.uses += Number(value);
      }
    },
    rows: () =>
      held
        .map(({ server, waiver: { until_seconds, ...waiver }, uses, last }): Row => {
          const left = until_seconds - now;
          const days_left = Math.max(0, Math.floor(left / 86_400));
          const told = { seconds_left: left, days_left, uses: counted ? uses : null, last_use: last };
          return { server, ...waiver, state: stateOf(left), ...told };
        })
        .sort((a, b) => a.seconds_left - b.seconds_left),
    elsewhere: () => gone,
  };
}

/** What a token opens is asked of no operation in particular, and what is not registered has no record of one. */
function isMeant(waiver: WaiverInput, { path, input: { token, registered } }: Allowed): boolean {
  const name = path === 'audgate/allowed' ? undefined : registered.operation?.name;
  return (
    waiver.issuer === registered.issuer.key &&
    waiver.client_id === token.client_id &&
    (name === undefined || waiver.operations.includes(name))
  );
}

function stateOf(left: number): Row['state'] {
  if (left <= 0) return 'ended';
  return left <= WARNING_SECONDS ? 'ends_soon' : 'in_force';
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Labels of one line of the text format, in which a backslash stands before `\`, `"` and the n of a line's end. */
function labelsOf(text: string): Readonly<Record<string, string>> {
  const pairs = [...text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
  return Object.fromEntries(
    pairs.map(([, name = '', value = '']) => [
      name,
      value.replaceAll(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char)),
    ]),
  );
}
