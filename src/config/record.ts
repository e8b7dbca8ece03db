/** Where decision records go (contract 9), and how such a place is written. */
import { resolve } from 'node:path';
import { z } from 'zod';

const within = (least: number, most: number) => {
  const error = (issue: { code?: string }) =>
    issue.code === 'invalid_type' ? undefined : `must be from ${least} to ${most}`;
  return z.int().min(least, { error }).max(most, { error });
};

export const recordDestination = z
  .union(
    [
      z.literal('stdout'),
      z.strictObject({
        file: z
          .string()
          .min(1, { error: 'must name a file' })
          .describe('file that records are appended to, relative to this one; its folder must exist'),
        // One write of joined records is at most 64 KiB, and is never divided.
        max_bytes: within(65_536, 1_099_511_627_776)
          .default(104_857_600)
          .describe('size at which the file becomes FILE.1, that one FILE.2 and so on, bytes'),
        keep: within(0, 1000).default(10).describe('former files that are kept'),
      }),
    ],
    { error: 'must be stdout, or {file, max_bytes, keep}' },
  )
  .describe('stdout, or a file that is rotated');

export type RecordDestination = z.output<typeof recordDestination>;

/** The destination with its file resolved against the configuration's folder. */
export function locateDestination(destination: RecordDestination, folder: string): RecordDestination {
  return destination === 'stdout' ? destination : { ...destination, file: resolve(folder, destination.file) };
}
