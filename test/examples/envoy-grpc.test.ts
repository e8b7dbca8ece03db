import { start } from '../../conformance/gateways/envoy-grpc.ts';
import { smoke } from './smoke.ts';

smoke({ folder: 'envoy-grpc', start });
