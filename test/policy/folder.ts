/** A folder of Rego files that a test needs on disk, removed with the test. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

export async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'audgate-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), text);
  }
  return folder;
}

/** A rule in the agreed form, with anything more. */
export const ruleText = (name: string, more = ''): string => `package custom.${name}

default satisfied := false

satisfied if input.call.method == "ping"

denials contains {"code": "no_ping"} if not satisfied
${more}`;
