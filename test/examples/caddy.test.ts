import { start } from '../../conformance/gateways/caddy.ts';
import { smoke } from './smoke.ts';

smoke({ folder: 'caddy', start });
