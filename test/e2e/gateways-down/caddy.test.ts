import { describe } from 'vitest';
import { start } from '../../../conformance/gateways/caddy.ts';
import { nothingPasses, tokensStayOutOfLogs } from './nothing-passes.ts';

describe('Caddy, audgate gone', () => {
  nothingPasses(start);
  tokensStayOutOfLogs(start);
});
