/** Runs the demonstration and writes its transcript into README.md, unless the page already says the same. */
import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { masked, transcriptIn, transcriptOf, withTranscript } from './transcript-text.ts';

const PAGE = new URL('../README.md', import.meta.url);
const PROGRAM = fileURLToPath(new URL('../src/main.ts', import.meta.url));

const transcript = transcriptOf(execFileSync(process.execPath, [PROGRAM, 'demo', '--once'], { encoding: 'utf8' }));
const page = await readFile(PAGE, 'utf8');
// New ports alone are no reason for a new page.
if (masked(transcriptIn(page)) !== masked(transcript)) await writeFile(PAGE, withTranscript(page, transcript));
