/** Envoy asking over gRPC (examples/envoy-grpc). */
import { startEnvoy } from './envoy.ts';
import type { StartGateway } from './gateway.ts';

export const start: StartGateway = (parts) => startEnvoy('envoy-grpc', parts);
