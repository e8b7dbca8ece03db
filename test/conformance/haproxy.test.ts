import { holdsThrough } from './holds.ts';

holdsThrough('haproxy');
