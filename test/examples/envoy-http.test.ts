import { start } from '../../conformance/gateways/envoy-http.ts';
import { smoke } from './smoke.ts';

smoke({ folder: 'envoy-http', start });
