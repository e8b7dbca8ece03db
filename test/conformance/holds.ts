/** The whole suite through one real gateway, held against what docs/gateways.md says of it. */
import { readFile } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import { CASES } from '../../conformance/cases/all.ts';
import type { GatewayName } from '../../conformance/cases/case.ts';
import { readColumn } from '../../conformance/report/page.ts';
import { OWN, startStage } from '../../conformance/started.ts';
import { runSuite } from '../../conformance/suite.ts';

/** What the project promises. */
const LEAST = 60;

export function holdsThrough(gateway: GatewayName): void {
  test(`every case through ${gateway} comes out as docs/gateways.md says`, async () => {
    const page = await readFile(new URL('../../docs/gateways.md', import.meta.url), 'utf8');
    const stage = await startStage(gateway, await OWN[gateway]());
    onTestFinished(stage.stop);
    const results = await runSuite(stage, CASES);

    expect(results.filter(({ ok }) => !ok).map(({ name, problems }) => ({ name, problems }))).toEqual([]);
    const found = results.map(({ name, outcome, departure }) => [name, { outcome, departure }]);
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(readColumn(page, gateway)));
    expect(results.length).toBeGreaterThanOrEqual(LEAST);
  });
}
