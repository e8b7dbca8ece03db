/**
 * Latency and CPU while registry and rules are reloaded: 200 times in a minute, alternating two good revisions and a bad
 * one, at half of what the service answers at most, beside the same minute without a reload. `npm run bench:reloads`.
 */

import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createIssuerKey, questionsOf, registryOf } from './fixture.ts';
import type { Loaded } from './load.ts';
import { generate } from './measure.ts';
import { startTelling } from './server.ts';

const quick = process.argv.includes('--quick');
const SECONDS = quick ? 12 : 60;
const RELOADS = (SECONDS * 200) / 60;
const CONNECTIONS = 32;
/** So few that reading them fits between decisions on the one core that the service has here. */
const SERVERS = 20;
/** Milliseconds between two looks at whether a reload is done. */
const LOOK_MS = 25;
/** Seconds of full load, which warm compilers up and tell what can be answered at most. */
const SATURATION = quick ? 3 : 5;

const folder = await mkdtemp(join(tmpdir(), 'audgate-bench-'));
const file = (name: string) => join(folder, name);
try {
  const key = await createIssuerKey('ES256');
  const registry = registryOf([key], SERVERS);
  const next = { ...registry, servers: { ...Object(Reflect.get(registry, 'servers')), more: more() } };
  await writeFile(file('registry.json'), JSON.stringify(registry));
  await mkdir(file('rules'));
  for (const [at, text] of ['"day"', '"night"'].entries()) {
    await writeFile(
      file('rules/hours.rego'),
      `package custom.hours\n\nsatisfied if input.now\n\ndenials contains {"code": "closed"} if input.context.extra.hour == ${text}\n`,
    );
    const args = ['src/main.ts', 'policy', 'build', file('rules'), '-o', file(`bundle-${at}.tar.gz`)];
    await promisify(execFile)(process.execPath, args);
  }
  await cp(file('bundle-0.tar.gz'), file('bundle.tar.gz'));
  await writeFile(
    file('config.json'),
    JSON.stringify({ listen: '127.0.0.1:0', registry: 'registry.json', bundle: 'bundle.tar.gz' }),
  );

  const questions = await questionsOf({ warmth: 'hot', outcome: 'allow' }, key, Math.floor(Date.now() / 1000), SERVERS);
  const bodies = questions.map(({ server, tool, token }) =>
    JSON.stringify({ server, token, call: { method: 'tools/call', tool, arguments: {} } }),
  );
  const server = await startTelling([process.execPath, 'src/main.ts', 'serve', '--config', file('config.json')]);
  try {
    const load = { url: server.url, path: '/v1/decide', bodies, connections: CONNECTIONS, answer: '"allow"' };
    const most = await generate({ ...load, seconds: SATURATION, rate: null });
    const rate = Math.floor(most.answered / SATURATION / 2);
    const used = [await server.cpu()];
    const still = await generate({ ...load, seconds: SECONDS, rate });
    used.push(await server.cpu());
    const under = generate({ ...load, seconds: SECONDS, rate });
    const outcomes = { good: 0, refused: 0 };
    const started = performance.now();
    // A machine that cannot keep the pace makes fewer: only those under load count.
    for (let at = 1; at <= RELOADS && performance.now() - started < SECONDS * 1000; at++) {
      // Moved into place: a reload must not find half of a file, which would be one more bad one.
      const bad = at % 10 === 0;
      await writeFile(file('next.json'), bad ? '{' : JSON.stringify(at % 2 === 0 ? registry : next));
      await rename(file('next.json'), file('registry.json'));
      await cp(file(`bundle-${at % 2}.tar.gz`), file('next.tar.gz'));
      await rename(file('next.tar.gz'), file('bundle.tar.gz'));
      const before = await lastReload(server.url);
      server.signal('SIGHUP');
      let after = before;
      while (after.at === before.at) {
        // Asking costs the service something too.
        await pause(LOOK_MS);
        after = await lastReload(server.url);
      }
      if (after.ok === bad) throw new Error(`reload ${at} went otherwise than it must: ${JSON.stringify(after)}`);
      outcomes[bad ? 'refused' : 'good'] += 1;
      await pause(Math.max(started + (at * SECONDS * 1000) / RELOADS - performance.now(), 0));
    }
    const took = (performance.now() - started) / 1000;
    const reloading = await under;
    used.push(await server.cpu());
    const [before = 0, between = 0, end = 0] = used;
    // What is answered costs about the same in both; the rest is what reloads cost, and what is cold after them.
    const each =
      (end - between - ((between - before) * reloading.answered) / still.answered) /
      (outcomes.good + outcomes.refused) /
      1000;
    const a_decision = (between - before) / still.answered / 1000;
    const row = (name: string, { answered, wrong, late, p50_ms, p99_ms }: Loaded) =>
      `| ${name} | ${answered} | ${wrong} | ${late} | ${p50_ms} | ${p99_ms} |`;
    const text = [
      '# Reloads',
      '',
      `${rate} requests a second, half of the peak; ${outcomes.good} good and ${outcomes.refused} refused reloads in ${took.toFixed(0)} s (aim: ${RELOADS} in ${SECONDS} s).`,
      '',
      '| | answered | wrong | late | p50 ms | p99 ms |',
      '| --- | --- | --- | --- | --- | --- |',
      row('no reload', still),
      row('reloads', reloading),
      '',
      `p99 with reloads is ${(reloading.p99_ms / still.p99_ms).toFixed(1)} × that without. A reload costs as much CPU, on all`,
      `threads and with what is cold after it, as ${(each / a_decision).toFixed(0)} decisions (${each.toFixed(1)} ms).`,
      '',
    ].join('\n');
    await mkdir('report', { recursive: true });
    await writeFile('report/reloads.md', text);
    process.stdout.write(text);
    if (reloading.wrong > 0) process.exitCode = 1;
  } finally {
    await server.stop();
  }
} finally {
  await rm(folder, { recursive: true });
}

/** One server more makes another revision, and leaves all that is asked about as it is. */
function more() {
  return { resource: 'https://more.example.com/mcp', issuers: ['bench'], max_lifetime_seconds: 900 };
}

async function lastReload(url: string): Promise<{ readonly at?: string; readonly ok?: boolean }> {
  const status = (await (await fetch(`${url}/v1/status`)).json()) as { readonly last_reload: object | null };
  return status.last_reload ?? {};
}
