/**
 * Compares the Node binary that npm scripts run on with a committed SHA-256. The npm package `node` fetches its
 * platform's package outside the lockfile, so no lockfile hash covers it (SECURITY.md).
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Node 26.10.0, `bin/node` of the platform packages, by process.platform and process.arch. */
const SHA256: Readonly<Record<string, string>> = {
  'linux-x64': 'ab9c8eecf9f82d6693cdc3accced17034065c8d96213b0aa76a7e803d20ae1da',
  'linux-arm64': '71b004f18a82f3ea8f26109798564a12e5e4c7989a4c35b93851830b5815dd03',
  'darwin-x64': '083775c8c778a1ab7aee1c9971ba2dac29032b5f60da9db9a2b8e9d050544c31',
  'darwin-arm64': '56d28b39a8048f0cd1af7ad7e09f6cbe1c04439b6dfeb6c8d9090c082af60861',
};

const platform = `${process.platform}-${process.arch}`;
const expected = SHA256[platform];
const actual = createHash('sha256').update(readFileSync(process.execPath)).digest('hex');

if (expected === undefined) {
  console.error(`node-binary: no SHA-256 is committed for ${platform}; add it to build/node-binary.ts after review`);
  process.exitCode = 1;
} else if (actual !== expected) {
  console.error(
    `node-binary: ${process.execPath} has SHA-256 ${actual}, expected ${expected} (Node 26.10.0, ${platform})`,
  );
  console.error('node-binary: run `npm ci` again; if it stays so, do not trust this binary');
  process.exitCode = 1;
}
