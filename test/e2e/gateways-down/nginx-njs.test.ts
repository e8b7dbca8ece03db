import { describe } from 'vitest';
import { start } from '../../../conformance/gateways/nginx-njs.ts';
import { nothingPasses } from './nothing-passes.ts';

describe('nginx with njs, audgate gone', () => nothingPasses(start));
