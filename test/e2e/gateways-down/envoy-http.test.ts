import { describe } from 'vitest';
import { start } from '../../../conformance/gateways/envoy-http.ts';
import { decisionsHold } from './allow-on-failure.ts';
import { nothingPasses, tokensStayOutOfLogs } from './nothing-passes.ts';

describe('Envoy over HTTP, audgate gone', () => {
  nothingPasses(start);
  tokensStayOutOfLogs(start);
});
describe('Envoy over HTTP with failure_mode_allow', () => decisionsHold('envoy-http'));
