import { holdsThrough } from './holds.ts';

holdsThrough('nginx-njs');
