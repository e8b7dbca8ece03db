/** The suite can fail: an honest gateway passes all of it, and each careless one fails where it is careless. */
import { expect, onTestFinished, test } from 'vitest';
import { CASES } from '../../conformance/cases/all.ts';
import type { Result } from '../../conformance/judge/judge.ts';
import { startStage } from '../../conformance/started.ts';
import { runSuite } from '../../conformance/suite.ts';
import { FAULTS, type Fault, startReference } from './reference.ts';

async function results(fault: Fault | null, cases = CASES): Promise<readonly Result[]> {
  const stage = await startStage(null, { call_from: 'body', start: (parts) => startReference(parts, fault) });
  onTestFinished(stage.stop);
  return runSuite(stage, cases);
}

/** A case that each of them fails, and whether something passed that audgate does not let pass. */
const SHOWN: Readonly<Record<Fault, readonly [name: string, breach: boolean]>> = {
  'does not ask': ['no token', true],
  'takes any answer for a yes': ["billing's token at files", true],
  "keeps the client's identity headers": ["identity of the client's own", false],
  "hands on no identity of audgate's": ['right token', false],
  'asks without the body': ['no MCP headers, scope of another tool', true],
  'hands on another body': ['body of 14 KB', false],
  'routes by X-Original-URI': ["X-Original-URI of the other server's", false],
  'routes by the Host header': ['Host of another server, with its token', false],
  'asks with the target after cleaning': ['path up and back', true],
  'joins two Authorization headers by taking the first': ['two Authorization headers, right one first', true],
  'sends its own key to the server': ['right token', true],
  'asks about each connection once': ['right, then no token, on one connection', true],
  'drops the challenge': ['no token', false],
  'sends each request twice': ['right token', true],
};

test('an honest gateway passes every case without a departure', async () => {
  const all = await results(null);
  expect(all).toHaveLength(CASES.length);
  expect(all.filter(({ ok, departure }) => !ok || departure !== null)).toEqual([]);
});

test.each(FAULTS)('fails a gateway that %s', async (fault) => {
  const [name, breach] = SHOWN[fault];
  const one = CASES.filter((each) => each.name === name);
  expect(await results(fault, one)).toEqual([expect.objectContaining({ name, ok: false, breach })]);
});
