/** `policies/core.manifest.json`: what the core module beside it is. Apart from the compiler, so that running needs none. */
import { z } from 'zod';

export const coreManifest = z.strictObject({
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  opa: z.string(),
  entrypoints: z.array(z.string()),
  rules: z.array(
    z.strictObject({
      name: z.string(),
      /** From the root of the project. */
      file: z.string(),
      title: z.string(),
      /** Codes that the rule can deny with. */
      reasons: z.array(z.string()),
    }),
  ),
});

export type CoreManifest = z.infer<typeof coreManifest>;

/** @returns null when the text is no such manifest */
export function readCoreManifest(text: string): CoreManifest | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  return coreManifest.safeParse(value).data ?? null;
}
