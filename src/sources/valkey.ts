/**
 * The one place that opens a connection to Valkey (or Redis). Used for revoked tokens (`revoked-stream.ts`) and for used
 * proofs; whoever needs commands gets `run`, and never the library. All failures are values, and none holds a secret.
 *
 * What stands there must not be thrown out when memory is short, or a revoked token and a used proof are good again: a
 * server with another `maxmemory-policy` than noeviction is not used. That is asked at every connection.
 */
import type { RedisOptions } from 'iovalkey';
import { placeOf, type ValkeyConfig } from '../config/valkey.ts';

export type ValkeyAnswer =
  | { readonly ok: true; readonly value: unknown }
  /** `problem` completes "Valkey …". */
  | { readonly ok: false; readonly problem: string };

export interface Valkey {
  /** One command, one try, bounded by the timeout. Never rejects. Not connected: fails at once. */
  run(command: string, words: readonly (string | number)[]): Promise<ValkeyAnswer>;
  /** Null: connected, and fit. */
  problem(): string | null;
  close(): void;
}

export type OpenedValkey =
  /** Connected; or not yet, then it goes on trying, and `problem` says why. */
  | { readonly kind: 'open'; readonly valkey: Valkey }
  /** Answers, and must not be used. Nothing stays open. */
  | { readonly kind: 'unfit'; readonly problem: string };

export interface ValkeyParts {
  /** Its files located. */
  readonly config: ValkeyConfig;
  /** Milliseconds for one command. */
  readonly timeout_ms: number;
  /** Contents of a file of the configuration. */
  readonly readFile: (path: string) => Promise<string>;
  /** Told when it is lost (with why) and when it is there again (null); not of the first connection's success. */
  readonly onChange: (problem: string | null) => void;
}

/** Milliseconds for TCP, TLS and greeting: more than for a command, because it is nobody's decision that waits. */
const CONNECT_MS = 2000;
/** Milliseconds between two tries. */
const RETRY_MS = 500;

type Library = Pick<typeof import('iovalkey'), 'Redis'>;
type Client = InstanceType<Library['Redis']>;

/** Tries once before it returns, then for ever. */
export async function openValkey(parts: ValkeyParts): Promise<OpenedValkey> {
  // Only who uses Valkey loads it.
  const library: Library = await import('iovalkey');
  let current: Client | null = null;
  let problem: string | null = 'is not connected yet';
  let closed = false;
  let retry: NodeJS.Timeout | undefined;

  const lost = (why: string) => {
    current = null;
    if (closed) return;
    if (problem !== why) parts.onChange(why);
    problem = why;
    clearTimeout(retry);
    retry = setTimeout(() => void attempt(), RETRY_MS);
    retry.unref();
  };
  async function attempt(): Promise<void> {
    if (closed) return;
    const made = await connect(library, parts, (client, why) => {
      if (current === client) lost(why);
    });
    if (closed && made.ok) made.client.disconnect();
    if (closed) return;
    if (!made.ok) return lost(made.problem);
    current = made.client;
    problem = null;
    parts.onChange(null);
  }

  const first = await connect(library, parts, (client, why) => {
    if (current === client) lost(why);
  });
  if (!first.ok && first.unfit) return { kind: 'unfit', problem: first.problem };
  if (first.ok) {
    current = first.client;
    problem = null;
  } else lost(first.problem);

  return {
    kind: 'open',
    valkey: {
      async run(command, words) {
        const client = current;
        if (client === null) return { ok: false, problem: problem ?? 'is not connected' };
        try {
          return { ok: true, value: await client.call(command, ...words.map(String)) };
        } catch (error) {
          const why = whyOf(error);
          // It was the primary once: its name may stand for another server by now, which only a new connection reaches.
          if (why === 'answered READONLY') client.disconnect();
          return { ok: false, problem: why };
        }
      },
      problem: () => problem,
      close() {
        closed = true;
        clearTimeout(retry);
        current?.disconnect();
        current = null;
        problem = 'is closed';
      },
    },
  };
}

type Made =
  | { readonly ok: true; readonly client: Client }
  | { readonly ok: false; readonly problem: string; readonly unfit: boolean };

/** @param onEnd told when a client that was handed out is no longer connected */
async function connect(
  { Redis }: Library,
  parts: ValkeyParts,
  onEnd: (client: Client, why: string) => void,
): Promise<Made> {
  const failed = (problem: string, unfit = false): Made => ({ ok: false, problem, unfit });
  let options: RedisOptions;
  try {
    options = await optionsOf(parts);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    return failed(`cannot be asked: a file of its configuration cannot be read${code}`);
  }
  const client = new Redis(options);
  let why = 'closed the connection';
  client.on('error', (error: unknown) => {
    why = whyOf(error);
  });
  client.once('end', () => onEnd(client, why));
  try {
    await client.connect();
    const info = String(await client.call('INFO', 'default'));
    const policy = /^maxmemory_policy:(.*?)\r?$/m.exec(info)?.[1];
    if (/^loading:1/m.test(info)) {
      client.disconnect();
      return failed('is loading its data');
    }
    if (policy === 'noeviction') return { ok: true, client };
    client.disconnect();
    return failed(
      `has maxmemory-policy ${policy ?? 'that it does not tell'}: expected noeviction, because what is thrown out would be forgotten`,
      true,
    );
  } catch (error) {
    client.disconnect();
    return failed(why === 'closed the connection' ? whyOf(error) : why);
  }
}

async function optionsOf({ config, timeout_ms, readFile }: ValkeyParts): Promise<RedisOptions> {
  const place = placeOf(config.url);
  if (place === null) throw new Error('the schema let an address through that cannot be read');
  const { username, password_file, tls = {} } = config;
  // One line's end, as editors write it, is no part of a password.
  const password = password_file === undefined ? undefined : (await readFile(password_file)).replace(/\r?\n$/, '');
  const read = (path: string | undefined) => (path === undefined ? undefined : readFile(path));
  const [ca, cert, key] = await Promise.all([read(tls.ca), read(tls.certificate), read(tls.key)]);
  return {
    ...(place.kind === 'unix' ? { path: place.path } : { host: place.host, port: place.port, db: place.db, family: 0 }),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(place.kind === 'tcp' &&
      place.tls && {
        tls: {
          minVersion: 'TLSv1.2',
          rejectUnauthorized: true,
          ...(ca !== undefined && { ca }),
          ...(cert !== undefined && { cert }),
          ...(key !== undefined && { key }),
        },
      }),
    lazyConnect: true,
    // A command that waits for a connection, or is sent again, is one whose outcome nobody knows.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    enableReadyCheck: false,
    connectTimeout: CONNECT_MS,
    commandTimeout: timeout_ms,
    // A server that says nothing at all for so long is gone, whatever the system thinks of its connection.
    socketTimeout: Math.max(timeout_ms * 4, CONNECT_MS),
    keepAlive: 1000,
    connectionName: 'audgate',
  };
}

/** The library's errors hold commands with their words, and a server repeats words too: only what kind it is is told. */
function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return 'failed';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null;
  if (code !== null) return `cannot be reached (${code})`;
  if (/timed out/i.test(error.message)) return 'did not answer in time';
  if (/writeable|connection is closed|connection close/i.test(error.message)) return 'is not connected';
  // Errors of the server begin with their kind in capitals: NOAUTH, WRONGPASS, NOPERM, OOM, READONLY.
  const [kind] = /^[A-Z]{2,20}(?= |$)/.exec(error.message) ?? [];
  return kind === undefined ? 'failed' : `answered ${kind}`;
}
