/** How deep a file nests, before anything that recurses sees it: a parser that runs out of stack says so in riddles. */
import type { CST } from 'yaml';

/** Levels of nesting, `[]` being one: as many as the strict reader allows in a request (contract 2). */
export const MAX_DEPTH = 32;

/** What a problem says of it. */
export const TOO_DEEP = { message: `Nested deeper than ${MAX_DEPTH} levels.`, remedy: 'Write it flatter.' } as const;

/** @returns where the first collection below the allowed levels begins, in characters of the text */
export function firstTooDeep(tokens: readonly CST.Token[]): number | undefined {
  let first: number | undefined;
  const open: { readonly token: CST.Token; readonly level: number }[] = tokens.map((token) => ({ token, level: 0 }));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token } = next;
    const level = next.level + (token.type === 'document' ? 0 : 1);
    if (token.type === 'document') {
      if (token.value !== undefined) open.push({ token: token.value, level });
    } else if ('items' in token) {
      if (level > MAX_DEPTH) first = Math.min(first ?? token.offset, token.offset);
      else {
        for (const { key, value } of token.items) {
          if (key) open.push({ token: key, level });
          if (value) open.push({ token: value, level });
        }
      }
    }
  }
  return first;
}
