/** Words of a command line that somebody is to paste: a claim must stay one word, and must not steer the terminal. */
import { legible } from '../decision/evidence.ts';

/** What no shell gives a meaning to. */
const PLAIN = /^[A-Za-z0-9_@%+:,./-]+$/;

/**
 * For any POSIX shell; a value that holds what could deceive a reader's eyes is written in the form of bash and zsh, which
 * names those characters by number.
 */
export function quote(word: string): string {
  if (PLAIN.test(word)) return word;
  if (isPrintable(word)) return `'${word.replaceAll("'", String.raw`'\''`)}'`;
  const spelt = [...word].map((character) => {
    if (character === '\\' || character === "'") return `\\${character}`;
    return isPrintable(character) ? character : numbered(character);
  });
  return `$'${spelt.join('')}'`;
}

/** `--name word`, or in one word where it would pass for an option itself. */
export function option(name: string, value: string): string {
  return value.startsWith('-') ? quote(`--${name}=${value}`) : `--${name} ${quote(value)}`;
}

/** Whether a value may be shown whole: what looks like a token or a key may not, whoever put it there. */
export function mayBeShown(value: string): boolean {
  const visible = [...value].filter(isPrintable).join('');
  return legible(visible, visible.length + 1) === visible;
}

const isPrintable = (text: string) => [...text].every((character) => legible(character) === character);
const numbered = (character: string) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
