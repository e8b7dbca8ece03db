/** Envoy asking over HTTP (examples/envoy-http). */
import { startEnvoy } from './envoy.ts';
import type { StartGateway } from './gateway.ts';

export const start: StartGateway = (parts) => startEnvoy('envoy-http', parts);
