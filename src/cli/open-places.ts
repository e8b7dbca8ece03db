/** The places where a service listens: all of them, or none. */
import type { Listen } from '../config.ts';
import type { ReloadProblem } from '../decide/decider.ts';
import type { GrpcListening } from '../http/gateways/grpc/server.ts';
import type { Listening } from '../http/server.ts';

interface NotOpen {
  readonly ok: false;
  readonly problems: readonly ReloadProblem[];
}

export interface Open {
  readonly http: Listening;
  readonly grpc: GrpcListening | null;
}

/** All places or none. @param grpc undefined: no gRPC */
export async function openAll(
  http: Listen,
  grpc: Listen | undefined,
  by: {
    readonly http: (place: Listen) => Promise<Listening>;
    readonly grpc: (place: Listen) => Promise<GrpcListening>;
  },
): Promise<{ readonly ok: true; readonly open: Open } | NotOpen> {
  const failed = (error: unknown, place: Listen, how: string) =>
    ({ ok: false, problems: [{ severity: 'error', message: whyNot(error, place, how) }] }) as const;
  let first: Listening;
  try {
    first = await by.http(http);
  } catch (error) {
    return failed(error, http, '--listen');
  }
  if (grpc === undefined) return { ok: true, open: { http: first, grpc: null } };
  try {
    return { ok: true, open: { http: first, grpc: await by.grpc(grpc) } };
  } catch (error) {
    await first.stop(0);
    return failed(error, grpc, 'grpc.listen');
  }
}

/** @param how the place is chosen */
function whyNot(error: unknown, place: Listen, how: string): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const where = place.kind === 'unix' ? `unix:${place.path}` : `${place.host}:${place.port}`;
  const other = `choose another with ${how}`;
  const said = (...words: readonly string[]) => [where, ...words].join(' ');
  if (code === 'EADDRINUSE') return said('is taken by another process; end it, or', other);
  if (code === 'EACCES') return said('may not be used by this user;', other);
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return said('is no address of this machine;', other);
  return `cannot listen at ${where} (${error instanceof Error ? error.message : 'unknown failure'})`;
}
