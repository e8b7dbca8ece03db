import type { CoreManifest } from '../src/policy/manifest.ts';

/** The text of `src/policy/core.digest.ts`. */
export function digestModule(digest: string): string {
  return `/** Written by \`npm run policy:build\`: the one core module that this release accepts without being told to. */
export const CORE_DIGEST = '${digest}';
`;
}

/** The text of `policies/core.manifest.json`, in the project's own formatting. */
export function manifestText(manifest: CoreManifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}
