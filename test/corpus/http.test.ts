/** A sample of both corpora over HTTP: the same decisions, and nothing of a token or proof in the answer. */
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { defaultConfig } from '../../src/config.ts';
import type { Decision } from '../../src/decision/decision.ts';
import { createApp } from '../../src/http/app.ts';
import { listen } from '../../src/http/server.ts';
import { createMetrics } from '../../src/record/metrics.ts';
import { FILES, NOW, SEED } from './authorities.ts';
import { type HostileAsk, holders } from './proofs/holders.ts';
import { hostileProofs } from './proofs.ts';
import { hostileTokens } from './tokens.ts';
import { provingWorld, said, type World } from './world.ts';

/** Of each corpus. */
const SAMPLE = 250;

function sample<T>(all: readonly T[]): readonly T[] {
  const [chosen = []] = fc.sample(fc.shuffledSubarray([...all], { minLength: SAMPLE, maxLength: SAMPLE }), {
    numRuns: 1,
    seed: SEED,
  });
  return chosen;
}

async function listening({ service }: World): Promise<string> {
  const { limits } = defaultConfig();
  const lifecycle = { stopping: false };
  const silent = { info: () => {}, warn: () => {}, error: () => {} };
  const app = createApp({
    decider: service,
    limits,
    metrics: createMetrics(),
    lifecycle,
    now: () => NOW * 1000,
    startedAt: NOW * 1000,
    version: '0.0.0',
    callers: () => ({}),
    log: silent,
  });
  const { url, stop } = await listen(app, {
    listen: { kind: 'tcp', host: '127.0.0.1', port: 0 },
    limits,
    lifecycle,
    log: silent,
  });
  onTestFinished(() => stop(1000));
  return url;
}

async function post(url: string, { token, scheme, method, proof }: HostileAsk) {
  const response = await fetch(`${url}/v1/decide`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      server: FILES,
      token,
      ...(scheme !== undefined && { scheme }),
      ...(method !== undefined && { http: { method } }),
      ...(proof?.dpop && { proof: { dpop: proof.dpop } }),
      call: { method: 'tools/call', tool: 'read_file' },
    }),
  });
  const text = await response.text();
  return { status: response.status, text, answer: JSON.parse(text) as Decision };
}

describe('over HTTP', () => {
  it('hostile tokens are refused as in process', async () => {
    const world = await provingWorld();
    const url = await listening(world);
    const right = await post(url, { token: await world.by.right('corp') });
    expect([right.status, said(right.answer)]).toEqual([200, 'allow']);
    for (const { name, text: token, reasons } of sample(await hostileTokens(world.by))) {
      const { status, text, answer } = await post(url, { token });
      // What no body may be as large as never comes to a decision; what no JSON text may hold neither.
      expect([name, status === 413 ? 413 : said(answer)]).toEqual([
        name,
        token.length > 262_144 ? 413 : ['deny', ...reasons].join(' '),
      ]);
      expect(text).not.toContain('eyJ');
    }
  });

  it('hostile proofs are refused as in process', async () => {
    const world = await provingWorld();
    const url = await listening(world);
    const held = await holders(world.by);
    const holder = held.of('ES256');
    const right = await post(url, await held.ask(holder, held.proof(holder)));
    expect([right.status, said(right.answer)]).toEqual([200, 'allow']);
    for (const { name, reasons, family: _, ...ask } of sample(await hostileProofs(world.by))) {
      const { text, status, answer } = await post(url, ask);
      const large = JSON.stringify(ask).length > 262_000;
      expect([name, status === 413 ? 413 : said(answer)]).toEqual([name, large ? 413 : ['deny', ...reasons].join(' ')]);
      expect(text).not.toContain('eyJ');
    }
  });
});
