/** The text of a list of revoked tokens → its entries, and what is wrong with it by line. */
import { setImmediate } from 'node:timers/promises';
import { type Entry, readEntryText } from '../facts/revocation/entry.ts';

export interface ReadList {
  /** Of the lines that are right, whatever is wrong with others. */
  readonly entries: readonly Entry[];
  /** `line 7: …`; repeats nothing of the text. The first ones. */
  readonly problems: readonly string[];
}

/** Problems that are told; a reader mends these first. */
const MAX_PROBLEMS = 16;
/** Lines that are read before decisions get their turn: about a millisecond. */
const SLICE = 200;

/** What a decoder puts in place of bytes that are no UTF-8; compared with a claim it would equal nothing. */
const REPLACED = '\ufffd';
const NOT_UTF8 = { ok: false, problems: [{ pointer: '', message: 'is not valid UTF-8' }] } as const;

/** One JSON object a line; empty lines and those that begin with `#` are nobody's. */
export async function readList(text: string): Promise<ReadList> {
  const entries: Entry[] = [];
  const problems: string[] = [];
  let line = 0;
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at);
    const written = text.slice(at, end === -1 ? text.length : end).trim();
    at = end === -1 ? text.length : end + 1;
    line++;
    if (line % SLICE === 0) await setImmediate();
    if (written === '' || written.startsWith('#')) continue;
    const read = written.includes(REPLACED) ? NOT_UTF8 : readEntryText(written);
    if (read.ok) entries.push(read.entry);
    else if (problems.length < MAX_PROBLEMS) {
      const told = read.problems.map(({ pointer, message }) => `${pointer} ${message}`.trim()).join('; ');
      problems.push(`line ${line}: ${told}`);
    }
  }
  return { entries, problems };
}
