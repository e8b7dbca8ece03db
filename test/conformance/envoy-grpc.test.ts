import { holdsThrough } from './holds.ts';

holdsThrough('envoy-grpc');
