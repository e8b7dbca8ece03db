/** What `audgate probe` was told to do: all that is wrong with it at once. */
import { readFile } from 'node:fs/promises';
import { nearestName } from '../../json/nearest.ts';
import type { JsonObject } from '../../json/value.ts';
import { readPrivateKey } from '../../probe/signer.ts';
import { CANARY, ownerOf } from '../../probe/tokens.ts';
import type { IssuerRecord, Registry, ServerRecord } from '../../registry/registry.ts';
import { shown } from '../terminal.ts';

export interface Flags {
  readonly registry: string;
  readonly server?: readonly string[];
  readonly key?: string;
  readonly issuerKey?: string;
  readonly issuer?: string;
  readonly clientId?: string;
  readonly clientSecretFile?: string;
  readonly canary?: string;
  readonly timeoutMs?: string;
  readonly concurrency?: string;
  readonly allowPrivateNetwork?: true;
  readonly requireAll?: true;
  readonly junit?: string;
  readonly sarif?: string;
  readonly json?: true;
}

export interface Client {
  readonly client_id: string;
  readonly secret_file: string;
}

export interface Settings {
  readonly servers: readonly ServerRecord[];
  /** The authorization server that is probed in place of servers. */
  readonly issuer: IssuerRecord | null;
  readonly client: Client | null;
  /** Whose tokens for the canary are asked for, to be shown to servers. */
  readonly fetching: IssuerRecord | null;
  readonly key: { readonly jwk: JsonObject; readonly issuer: string } | null;
  readonly canary: string;
  readonly timeout_ms: number;
  readonly concurrency: number;
  readonly allow_private_network: boolean;
}

/** Half of what a token of a probe lives. */
const MAX_TIMEOUT_MS = 30_000;

export type ReadFlags =
  | { readonly ok: true; readonly settings: Settings }
  | { readonly ok: false; readonly problems: readonly string[] };

export async function readFlags(flags: Flags, registry: Registry): Promise<ReadFlags> {
  const problems: string[] = [];
  const find = <T>(option: string, key: string, records: ReadonlyMap<string, T>): T | null => {
    const found = records.get(key);
    if (found !== undefined) return found;
    const keys = [...records.keys()];
    const near = nearestName(key, keys);
    const hint = near === undefined ? `it has ${keys.join(', ')}` : `write ${near}`;
    problems.push(`${option} ${shown(key)}: the registry has no such key: ${hint}`);
    return null;
  };
  const whole = (option: string, text: string | undefined, usual: number, least: number, most: number) => {
    if (text === undefined) return usual;
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most))
      problems.push(`${option} ${shown(text)}: a whole number from ${least} to ${most} was expected`);
    return value;
  };

  const { issuers } = registry;
  const named = flags.issuer === undefined ? null : find('--issuer', flags.issuer, issuers);
  const [only, ...others] = issuers.values();
  const signing =
    flags.issuerKey === undefined
      ? others.length === 0
        ? (only ?? null)
        : null
      : find('--issuer-key', flags.issuerKey, issuers);
  const client = readClient(flags, problems);
  problems.push(...unfitting(flags, client));
  const shows = flags.issuer === undefined && (flags.key !== undefined || client !== null);
  if (shows && flags.issuerKey === undefined && signing === null)
    problems.push(`--issuer-key is needed, to say whose tokens are shown: one of ${[...issuers.keys()].join(', ')}`);

  const asked = flags.server?.map((key) => find('--server', key, registry.servers)) ?? [...registry.servers.values()];
  const servers = [...new Set(asked)].filter((one) => one !== null);
  const ofIssuer = servers.filter((one) => named === null || one.issuers.includes(named.key));
  for (const { key } of flags.server === undefined ? [] : servers.filter((one) => !ofIssuer.includes(one)))
    problems.push(`--server ${shown(key)} does not list issuer ${shown(flags.issuer)}: name servers that do`);
  if (named !== null && ofIssuer.length === 0 && flags.server === undefined)
    problems.push(`--issuer ${shown(flags.issuer)}: no server lists it, so that there is no resource to ask for`);
  const { canary = CANARY } = flags;
  const owner = ownerOf(canary, registry);
  if (owner !== null) problems.push(`--canary ${shown(canary)}: ${owner}; give an audience that is nobody’s`);
  if (!/^[\x21-\x7e]{1,2048}$/.test(canary))
    problems.push('--canary: 1 to 2048 visible ASCII characters were expected');
  const jwk = flags.key === undefined ? null : await readKey(flags.key, problems);
  const settings: Settings = {
    servers: ofIssuer,
    issuer: named,
    client,
    fetching: flags.issuer === undefined && client !== null ? signing : null,
    key: jwk === null || signing === null ? null : { jwk, issuer: signing.key },
    canary,
    timeout_ms: whole('--timeout-ms', flags.timeoutMs, 5000, 100, MAX_TIMEOUT_MS),
    concurrency: whole('--concurrency', flags.concurrency, 4, 1, 64),
    allow_private_network: flags.allowPrivateNetwork === true,
  };
  return problems.length === 0 ? { ok: true, settings } : { ok: false, problems };
}

/** Both, or neither: the secret never stands in the arguments, which every process of the machine can read. */
function readClient({ clientId, clientSecretFile }: Flags, problems: string[]): Client | null {
  if (clientId === undefined && clientSecretFile === undefined) return null;
  if (clientId === undefined || clientSecretFile === undefined) {
    problems.push('--client-id and --client-secret-file belong together');
    return null;
  }
  // RFC 6749 appendix A.1.
  if (!/^[\x20-\x7e]{1,255}$/.test(clientId))
    problems.push('--client-id: 1 to 255 visible ASCII characters were expected');
  return { client_id: clientId, secret_file: clientSecretFile };
}

function unfitting({ issuer, key, issuerKey, clientId, clientSecretFile, canary }: Flags, client: Client | null) {
  const found: string[] = [];
  const asks = clientId !== undefined || clientSecretFile !== undefined;
  if (issuer === undefined) {
    if (key !== undefined && client !== null)
      found.push('--key signs the tokens that --client-id would fetch: give one');
    if (key === undefined && !asks && issuerKey !== undefined)
      found.push('--issuer-key says whose tokens are shown: give --key, or --client-id with --client-secret-file');
    if (client !== null && canary === undefined)
      found.push('--client-id needs --canary: a resource that the authorization server knows, and no server has');
    return found;
  }
  if (key !== undefined || issuerKey !== undefined)
    found.push('--key and --issuer-key are for servers; --issuer probes an authorization server and sends none');
  if (!asks) found.push('--issuer needs --client-id and --client-secret-file: it asks for tokens');
  return found;
}

async function readKey(path: string, problems: string[]): Promise<JsonObject | null> {
  const read = readPrivateKey(await readFile(path, 'utf8').catch(() => ''));
  if (read.ok) return read.jwk;
  problems.push(`--key ${shown(path)} ${read.problem}`);
  return null;
}
