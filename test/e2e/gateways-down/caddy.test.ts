import { describe } from 'vitest';
import { start } from '../../../conformance/gateways/caddy.ts';
import { nothingPasses } from './nothing-passes.ts';

describe('Caddy, audgate gone', () => nothingPasses(start));
