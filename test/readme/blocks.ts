/** The fenced blocks of a Markdown page. */
export interface Block {
  readonly language: string;
  /** Of its first line of text, as an editor counts. */
  readonly line: number;
  readonly text: string;
}

const FENCED = /^```(\w+)\n([\s\S]*?)^```$/gm;

export function blocksOf(page: string): readonly Block[] {
  return [...page.matchAll(FENCED)].map(({ 1: language = '', 2: text = '', index }) => ({
    language,
    line: page.slice(0, index).split('\n').length + 1,
    text,
  }));
}
