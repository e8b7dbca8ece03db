/** Serves gRPC over a real socket in front of the real decider. */
import { onTestFinished } from 'vitest';
import type { Callers } from '../../../../src/config/callers.ts';
import { defaultConfig, type Listen } from '../../../../src/config.ts';
import type { Decider } from '../../../../src/decide/decider.ts';
import type { Proofs } from '../../../../src/facts/proof/proofs.ts';
import { createIdentify } from '../../../../src/http/callers/identify.ts';
import { type GrpcListening, listenGrpc } from '../../../../src/http/gateways/grpc/server.ts';
import type { Lifecycle } from '../../../../src/http/lifecycle.ts';
import type { TlsMaterial } from '../../../../src/http/tls.ts';
import { createMetrics } from '../../../../src/record/metrics.ts';
import { type Desk, openDesk } from '../real.ts';

export interface GrpcOptions {
  readonly callers?: Callers;
  /** In place of the real one's. */
  readonly decide?: Decider['decide'];
  readonly keyless?: boolean;
  /** Absent: none can be verified. */
  readonly proofs?: Proofs;
  readonly at?: Listen;
  readonly tls?: TlsMaterial;
  readonly body_bytes?: number;
  readonly request_timeout_ms?: number;
}

export interface ServedGrpc extends Desk {
  readonly listening: GrpcListening;
  readonly lifecycle: Lifecycle;
  readonly logged: readonly unknown[];
  metrics(): Promise<string>;
}

export async function serveGrpc(options: GrpcOptions = {}): Promise<ServedGrpc> {
  const desk = await openDesk(options.keyless, options.proofs);
  const { callers = {}, decide = desk.decider.decide, body_bytes, request_timeout_ms } = options;
  const { limits } = defaultConfig();
  const metrics = createMetrics();
  const lifecycle: Lifecycle = { stopping: false };
  const logged: unknown[] = [];
  const listening = await listenGrpc({
    listen: options.at ?? { kind: 'tcp', host: '127.0.0.1', port: 0 },
    limits: {
      ...limits,
      ...(body_bytes !== undefined && { body_bytes }),
      ...(request_timeout_ms !== undefined && { request_timeout_ms }),
    },
    ...(options.tls && { tls: options.tls }),
    identify: createIdentify(() => callers),
    decider: { ...desk.decider, decide },
    metrics,
    lifecycle,
    now: Date.now,
    log: { error: (what) => logged.push(what) },
  });
  onTestFinished(() => listening.stop(0));
  const render = { version: '0', revision: 'sha256:0', issuerKeys: {} };
  return { ...desk, listening, lifecycle, logged, metrics: () => metrics.render(render) };
}
