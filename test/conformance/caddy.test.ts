import { holdsThrough } from './holds.ts';

holdsThrough('caddy');
