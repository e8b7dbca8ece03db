/** A right token of `corp` for `files` and `read_file`, for registries of `test/cli/audgate.ts`. */
import { type IssuerKey, mint, type TokenSpec } from '../../src/testing/mint.ts';
import { FILES } from '../cli/audgate.ts';

export function minted(key: IssuerKey, spec: TokenSpec = {}): Promise<string> {
  const right = {
    issuer: 'https://login.example.com',
    type: 'at+jwt',
    audience: FILES,
    scopes: ['files:read'],
    token_id: crypto.randomUUID(),
    now: Math.floor(Date.now() / 1000),
  };
  return mint(key, right, spec);
}
