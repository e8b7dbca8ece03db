/** A right registry to bend: tests add lines to its issuer or its server, or replace the resource. */
import { expect } from 'vitest';
import { loadRegistryText } from '../../src/registry/load.ts';
import type { Problem, Registry, ServerRecord } from '../../src/registry/registry.ts';

/** 2026-11-23T12:00:00Z, seconds since the epoch. */
export const NOW = Date.UTC(2026, 10, 23, 12) / 1000;

export interface Bent {
  readonly iss?: string;
  /** Line 4. */
  readonly keys?: string;
  /** Line 5. */
  readonly algorithms?: string;
  /** Line 6. */
  readonly issuer?: string;
  /** Line 9. */
  readonly resource?: string;
  /** Line 10. */
  readonly issuers?: string;
  /** Line 11. */
  readonly lifetime?: string;
  /** From line 12, in the server. */
  readonly server?: string;
}

export function registryText(bent: Bent = {}): string {
  return [
    'issuers:',
    '  corp:',
    `    issuer: ${bent.iss ?? 'https://login.example.com'}`,
    `    ${bent.keys ?? 'jwks_uri: https://login.example.com/jwks'}`,
    `    ${bent.algorithms ?? 'algorithms: [ES256]'}`,
    `    ${bent.issuer ?? 'disabled: false'}`,
    'servers:',
    '  files:',
    `    ${bent.resource ?? 'resource: https://files.example.com/mcp'}`,
    `    ${bent.issuers ?? 'issuers: [corp]'}`,
    `    ${bent.lifetime ?? 'max_lifetime_seconds: 900'}`,
    ...(bent.server ?? 'labels: {}').split('\n').map((line) => `    ${line}`),
    '',
  ].join('\n');
}

export function problemsIn(text: string): readonly Problem[] {
  const loaded = loadRegistryText(text, { now: NOW, file: 'registry.yaml' });
  return loaded.ok ? loaded.warnings : loaded.problems;
}

export function registryOf(text: string): Registry {
  const loaded = loadRegistryText(text, { now: NOW, file: 'registry.yaml' });
  if (!loaded.ok) throw new Error(loaded.problems.map(({ path, message }) => `${path}: ${message}`).join('\n'));
  return loaded.registry;
}

export function serverOf(bent: Bent): ServerRecord {
  const server = registryOf(registryText(bent)).servers.get('files');
  if (server === undefined) throw new Error('the example has no server files');
  return server;
}

/** Severity, pointer and position: by these the tables name what they expect. */
export function told({ severity, path, line, column }: Problem): string {
  return `${severity} ${path} ${line}:${column}`;
}

/** One bent registry has exactly one error. */
export function refused(bent: Bent, place: string, says: string) {
  const problems = problemsIn(registryText(bent));
  expect(problems.map(told)).toEqual([`error ${place}`]);
  expect(problems[0]?.message).toContain(says);
  expect(problems[0]?.remedy).toMatch(/\S/);
}
