/** Diagnostics on standard error: JSON for programs, one plain line for people. Never a token, proof or key. */
import { pino } from 'pino';
import type { Log } from '../service.ts';
import type { Host } from './host.ts';
import { painter, print, type Style, shown } from './terminal.ts';

export function createLog(host: Host): Log {
  return host.stderr.isTTY === true ? plainLog(host) : jsonLog(host);
}

function jsonLog({ stderr }: Host): Log {
  const logger = pino(
    {
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    stderr,
  );
  // Functions of their own: the library's cannot be taken from their object.
  return {
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
  };
}

function plainLog({ stderr, env, now }: Host): Log {
  const paint = painter(stderr, env);
  const line = (style: Style, level: string) => (fields: object, message: string) => {
    const time = new Date(now()).toISOString().slice(11, 19);
    const details = Object.entries(fields).map(([name, value]) => `${name}=${shown(detail(value))}`);
    print(stderr, [paint('dim', time), paint(style, level), shown(message), paint('dim', details.join(' '))].join(' '));
  };
  return { info: line('green', 'info'), warn: line('yellow', 'warn'), error: line('red', 'error') };
}

const detail = (value: unknown) => (value instanceof Error ? (value.stack ?? value.message) : value);
