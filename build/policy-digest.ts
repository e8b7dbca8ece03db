/** The text of `src/policy/core.digest.ts`. */
export function digestModule(digest: string): string {
  return `/** Written by \`npm run policy:build\`: the one core module that this release accepts without being told to. */
export const CORE_DIGEST = '${digest}';
`;
}
