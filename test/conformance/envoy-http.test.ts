import { holdsThrough } from './holds.ts';

holdsThrough('envoy-http');
