/** `GET /health/live` and `/health/ready` (contract 3). Neither needs a key, neither looks at issuers' keys. */
import { answerJson, type OpenRoute, type Parts } from '../route.ts';

export function createLive(): OpenRoute {
  return () => answerJson({ status: 'ok' });
}

/** The service listens only once a snapshot is active, so all that can be missing is the will to go on. */
export function createReady({ decider, lifecycle }: Parts): OpenRoute {
  return () =>
    lifecycle.stopping
      ? answerJson({ status: 'stopping' }, 503)
      : answerJson({ status: 'ready', revision: decider.current().revision });
}
