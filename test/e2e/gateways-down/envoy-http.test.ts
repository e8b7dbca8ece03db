import { describe } from 'vitest';
import { start } from '../../../conformance/gateways/envoy-http.ts';
import { decisionsHold } from './allow-on-failure.ts';
import { nothingPasses } from './nothing-passes.ts';

describe('Envoy over HTTP, audgate gone', () => nothingPasses(start));
describe('Envoy over HTTP with failure_mode_allow', () => decisionsHold('envoy-http'));
