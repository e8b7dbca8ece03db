/** The demonstration's transcript in README.md: cut from its output, found in the page, compared, replaced. */

/** The mark in the page, then the block that belongs to `npm run transcript`. */
const BLOCK = /(?<=^<!-- transcript: npm run demo -->\n```text\n)[\s\S]*?(?=^```$)/m;
/** What npm says before the program speaks. */
const ANNOUNCED = /^(> .*\n){2}\n/m;
const LAST_LINE = /^.* calls answered as they should be\.\n/m;

/** From the program's first line to its verdict. @throws if the verdict is missing, so that no failure becomes the page */
export function transcriptOf(output: string): string {
  const announced = ANNOUNCED.exec(output);
  const text = announced === null ? output : output.slice(announced.index + announced[0].length);
  const last = LAST_LINE.exec(text);
  if (last === null) throw new Error(`the demonstration did not say that all calls were answered right:\n${output}`);
  return text.slice(0, last.index + last[0].length);
}

/** @throws if the page has no place for it */
export function transcriptIn(page: string): string {
  const block = BLOCK.exec(page);
  if (block === null) throw new Error('README.md has no "<!-- transcript: npm run demo -->" before a ```text block');
  return block[0];
}

export function withTranscript(page: string, transcript: string): string {
  return page.replace(BLOCK, () => transcript);
}

/** What may differ from run to run is only the ports and the time of day; everything else, columns too, stays. */
export function masked(transcript: string): string {
  return transcript.replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT').replace(/\b\d\d:\d\d:\d\d\b/g, 'HH:MM:SS');
}
