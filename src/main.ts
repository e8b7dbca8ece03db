#!/usr/bin/env node
/** The program. The only file that reads the process; everything else is given what it needs. */
import { lookup } from 'node:dns';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { run } from './cli/run.ts';
import { createNewId } from './decide/new-id.ts';
import { createIssuerFetch } from './network/issuer-fetch.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

// A reader that goes away (`audgate registry show … | head`) ends the output, not the program.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

/** Milliseconds that a process which was told to end waits for readers; any other waits as long as they read. */
const PATIENCE_MS = 500;
let told = false;

const code = await run({
  argv: process.argv.slice(2),
  env: process.env,
  platform: process.platform,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  version,
  now: Date.now,
  ticks: process.hrtime.bigint,
  newId: createNewId((bytes) => crypto.getRandomValues(bytes), Date.now),
  fetch: globalThis.fetch,
  fetchIssuer: createIssuerFetch({ lookup }),
  onSignal: (signal, act) => {
    const acted = () => {
      told ||= signal !== 'SIGHUP';
      act();
    };
    process.on(signal, acted);
    return () => process.off(signal, acted);
  },
});
if (told) setTimeout(() => process.exit(code), PATIENCE_MS);
// Pipes are written behind our back: what is buffered goes out before the end.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
