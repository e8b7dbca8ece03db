import { describe } from 'vitest';
import { start } from '../../../conformance/gateways/nginx.ts';
import { BY_HEADERS } from '../../examples/by-headers.ts';
import { nothingPasses } from './nothing-passes.ts';

describe('nginx with auth_request, audgate gone', () => nothingPasses(start, BY_HEADERS));
