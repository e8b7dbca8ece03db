/** The command line of `npm run conformance`. */
import { parseArgs } from 'node:util';
import { type CallFrom, GATEWAYS, type GatewayName } from './cases/case.ts';
import type { HostPort } from './world/listen.ts';
import { GATEWAY_KEY } from './world/registry.ts';

export const HELP = `Sends calls through a gateway that asks audgate, and says which came to what they must not.

  npm run conformance -- --gateway http://127.0.0.1:8080   your own gateway; see docs/gateways.md
  npm run conformance -- --start nginx                     one of the project's own, with all that it needs
  npm run conformance -- --start all --case "two Auth"     only cases whose name holds this

Your own gateway:
  --gateway URL            where clients find it, without a path
  --print-setup            instead of running: a shell script that starts an audgate for it, and says what to route
  --call-from body|headers what your gateway hands on of a call (body)
  --audgate HOST:PORT      (127.0.0.1:8181)
  --grpc HOST:PORT         where audgate listens for gRPC as well (nowhere; examples/envoy-grpc asks at 127.0.0.1:8182)
  --key KEY                your gateway's key as a caller (${GATEWAY_KEY})
  --jwks HOST:PORT         where this run serves the issuer's keys (127.0.0.1:8180)
  --upstreams A,B          where this run serves files and billing (127.0.0.1:9001,127.0.0.1:9002)

The project's own:
  --start NAME             ${GATEWAYS.join(', ')}, or all
  --write                  with all: writes the table of docs/gateways.md

  --case TEXT              only cases whose name holds it
  --json                   one JSON document on standard output

Ends with 0 when all is as expected or a stated departure, 1 when not, 2 when it could not be run.`;

interface Common {
  readonly case: string;
  readonly json: boolean;
}

export interface OwnGateway extends Common {
  readonly mode: 'gateway';
  /** Without a path. */
  readonly url: string;
  readonly printSetup: boolean;
  readonly callFrom: CallFrom;
  readonly audgate: HostPort;
  /** Null: it does not. */
  readonly grpc: HostPort | null;
  readonly key: string;
  readonly jwks: HostPort;
  readonly upstreams: readonly [files: HostPort, billing: HostPort];
}

export interface StartThem extends Common {
  readonly mode: 'start';
  readonly gateways: readonly GatewayName[];
  readonly write: boolean;
}

export type Options = OwnGateway | StartThem | { readonly mode: 'help' };

/** @throws {Usage} */
export function readOptions(argv: readonly string[]): Options {
  const { values } = parsed(argv);
  if (values.help) return { mode: 'help' };
  const common = { case: values.case, json: values.json };
  if ((values.gateway === undefined) === (values.start === undefined))
    throw new Usage('Name either your gateway (--gateway URL) or one to start (--start NAME).');
  if (values.start !== undefined) {
    const gateways = values.start === 'all' ? GATEWAYS : GATEWAYS.filter((name) => name === values.start);
    if (gateways.length === 0) throw new Usage(`--start takes ${GATEWAYS.join(', ')} or all, found "${values.start}".`);
    if (values.write && (values.start !== 'all' || values.case !== ''))
      throw new Usage('--write writes the whole table: use it with --start all, and without --case.');
    return { mode: 'start', ...common, gateways, write: values.write };
  }
  const callFrom = values['call-from'];
  if (callFrom !== 'body' && callFrom !== 'headers')
    throw new Usage(`--call-from takes body or headers, found "${callFrom}".`);
  const [files, billing, ...more] = values.upstreams.split(',');
  if (files === undefined || billing === undefined || more.length > 0)
    throw new Usage('--upstreams takes two addresses: HOST:PORT,HOST:PORT.');
  return {
    mode: 'gateway',
    ...common,
    url: origin(values.gateway ?? ''),
    printSetup: values['print-setup'],
    callFrom,
    audgate: hostPort('--audgate', values.audgate),
    grpc: values.grpc === undefined ? null : hostPort('--grpc', values.grpc),
    key: values.key,
    jwks: hostPort('--jwks', values.jwks),
    upstreams: [hostPort('--upstreams', files), hostPort('--upstreams', billing)],
  };
}

/** What the user wrote cannot be run. */
export class Usage extends Error {}

function parsed(argv: readonly string[]) {
  const text = (value: string) => ({ type: 'string', default: value }) as const;
  const flag = { type: 'boolean', default: false } as const;
  try {
    return parseArgs({
      args: [...argv],
      options: {
        gateway: { type: 'string' },
        start: { type: 'string' },
        'print-setup': flag,
        'call-from': text('body'),
        audgate: text('127.0.0.1:8181'),
        grpc: { type: 'string' },
        key: text(GATEWAY_KEY),
        jwks: text('127.0.0.1:8180'),
        upstreams: text('127.0.0.1:9001,127.0.0.1:9002'),
        case: text(''),
        json: flag,
        write: flag,
        help: flag,
      },
    });
  } catch (error) {
    throw new Usage(error instanceof Error ? error.message : String(error));
  }
}

function origin(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.search !== '')
    throw new Usage(`--gateway takes a URL without a path, as http://127.0.0.1:8080, found "${text}".`);
  return url.origin;
}

function hostPort(option: string, text: string): HostPort {
  const [, host = '', port = ''] = /^([^:]+):(\d{1,5})$/.exec(text) ?? [];
  if (host === '' || Number(port) < 1 || Number(port) > 65_535)
    throw new Usage(`${option} takes HOST:PORT, found "${text}".`);
  return { host, port: Number(port) };
}
