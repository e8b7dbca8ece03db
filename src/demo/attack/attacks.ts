/** The five attacks: each the same acts with and without audgate, and beside it the use that must go on working. */
import type { MisuseKind } from '../../decision/misuse.ts';
import type { Reach } from '../../decision/reach.ts';
import type { FixedCode } from '../../decision/reasons.ts';
import type { WrittenEntry } from '../../facts/revocation/entry.ts';
import type { AttackWorld, ServerName } from './world.ts';

/** What a security team does once a token is known to have leaked. */
export interface Responders {
  /** `POST /v1/reach` */
  reach(token: string): Promise<Reach>;
  /** As `audgate revoke` does: one entry more in the list of revoked tokens. */
  revoke(entry: WrittenEntry): Promise<void>;
}

export interface Attempt {
  /** What the attacker got; null: nothing. */
  readonly got: string | null;
  /** The call that explains it; absent where the authorization server refused and no call was made. */
  readonly call?: { readonly server: ServerName; readonly tool: string; readonly token: string };
  /** What was done meanwhile, a line each. */
  readonly notes?: readonly string[];
}

export interface Attack {
  readonly key: string;
  readonly title: string;
  /** Who does what. */
  readonly story: string;
  /** By which it is stopped. */
  readonly reason: FixedCode;
  /** By which it is seen. */
  readonly misuse: MisuseKind;
  /** Whose token it is. */
  readonly client: string;
  perform(world: AttackWorld, team: Responders | null): Promise<Attempt>;
  /** The same by the right way. */
  readonly right: string;
  rightUse(world: AttackWorld): Promise<boolean>;
}

/** Milliseconds until a revocation must be in force; the file is looked at twice a second. */
const REVOKED_MS = 15_000;

const FILES_READ = 'files:read';
const BILLING_READ = 'billing:read';

export const attacks = (now: () => number): readonly Attack[] => [
  {
    key: 'stolen_token',
    title: 'A stolen token at another server',
    story: 'The operator of billing takes the token that an agent sent there, and reads files with it.',
    reason: 'audience_mismatch',
    misuse: 'token_elsewhere',
    client: 'shopper',
    async perform(world) {
      const token = await world.token('shopper', 'billing', BILLING_READ);
      await world.call('billing', 'list_invoices', token);
      const { result } = await world.call('files', 'read_file', token);
      return { got: result, call: { server: 'files', tool: 'read_file', token } };
    },
    right: 'a token for files at files',
    async rightUse(world) {
      const token = await world.token('shopper', 'files', FILES_READ);
      return (await world.call('files', 'read_file', token)).result !== null;
    },
  },
  {
    key: 'rewritten_resource',
    title: 'Resource rewriting in a token exchange',
    story: 'A client with a token for files exchanges it, and rewrites resource to billing.',
    reason: 'exchange_not_allowed',
    misuse: 'target_rewritten',
    client: 'archiver',
    async perform(world) {
      const subject = await world.token('archiver', 'files', FILES_READ);
      const token = await world.exchange('archiver', subject, 'billing', BILLING_READ);
      if (token === null) return { got: null };
      return { got: (await world.call('billing', 'list_invoices', token)).result };
    },
    right: 'an exchange that is registered',
    async rightUse(world) {
      const subject = await world.token('reporter', 'files', FILES_READ);
      const token = await world.exchange('reporter', subject, 'billing', BILLING_READ);
      return token !== null && (await world.call('billing', 'list_invoices', token)).result !== null;
    },
  },
  {
    key: 'confused_deputy',
    title: 'A confused deputy behind a shared gateway',
    story: 'A hub passes the token that its client sent it on to the server behind it, in place of one of its own.',
    reason: 'token_passthrough',
    misuse: 'passed_through',
    client: 'assistant',
    async perform(world) {
      world.hubExchanges(false);
      const token = await world.token('assistant', 'hub', FILES_READ);
      const { result } = await world.call('hub', 'files_read_file', token);
      return { got: result, call: { server: 'files', tool: 'read_file', token } };
    },
    right: 'the same hub with a token of its own',
    async rightUse(world) {
      world.hubExchanges(true);
      const token = await world.token('assistant', 'hub', FILES_READ);
      return (await world.call('hub', 'files_read_file', token)).result !== null;
    },
  },
  {
    key: 'fallback_retry',
    title: 'A retry on a fallback endpoint',
    story: 'Refused at billing, which looks at aud itself, an agent tries billing-backup, which nobody hardened.',
    reason: 'audience_mismatch',
    misuse: 'fallback_retry',
    client: 'crawler',
    async perform(world) {
      const token = await world.token('crawler', 'files', `${FILES_READ} ${BILLING_READ}`);
      const first = await world.call('billing', 'list_invoices', token);
      if (first.result !== null) return { got: first.result };
      const { result } = await world.call('backup', 'list_invoices', token);
      return { got: result, call: { server: 'backup', tool: 'list_invoices', token } };
    },
    right: 'a token for billing at billing',
    async rightUse(world) {
      const token = await world.token('crawler', 'billing', BILLING_READ);
      return (await world.call('billing', 'list_invoices', token)).result !== null;
    },
  },
  {
    key: 'leaked_token',
    title: 'A leaked token',
    story: 'A token stands in a log that others read. Until it is revoked, it opens its own server to anyone.',
    reason: 'token_revoked',
    misuse: 'revoked_in_use',
    client: 'laptop',
    async perform(world, team) {
      const token = await world.token('laptop', 'files', FILES_READ);
      const call = { server: 'files', tool: 'read_file', token } as const;
      if (team === null) return { got: (await world.call('files', 'read_file', token)).result, call };
      const before = await world.call('files', 'read_file', token);
      const notes = before.result === null ? [] : ['allowed until it is known: it is the right token here'];
      const { servers, leaked } = await team.reach(token);
      const opens = servers.flatMap(({ server, operations }) =>
        operations.flatMap(({ kind, name }) => (kind === 'tool' ? [`${server} ${name}`] : [])),
      );
      const entry = leaked?.revoke.find(({ by }) => by === 'jti');
      if (entry === undefined) return { got: before.result, call };
      const { by, issuer, value, until } = entry;
      await team.revoke({ by, issuer, value, until, note: 'leaked' });
      notes.push(`reach: it opens ${opens.join(', ')}`, `revoked by ${by}, as reach says`);
      const end = now() + REVOKED_MS;
      for (;;) {
        const { result } = await world.call('files', 'read_file', token);
        if (result === null || now() > end) return { got: result, call, notes };
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    right: 'a new token of the same client',
    async rightUse(world) {
      const token = await world.token('laptop', 'files', FILES_READ);
      return (await world.call('files', 'read_file', token)).result !== null;
    },
  },
];
