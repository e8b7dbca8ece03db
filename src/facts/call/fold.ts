/**
 * Unicode simple case folding, by which Go's encoding/json matches member names to struct fields when no name is equal:
 * a server in Go executes `Name`, `paramſ` and `taſK` as `name`, `params` and `task` (contract 2).
 *
 * It is neither `toLowerCase` (`ſ` stays) nor `toUpperCase` (`ß` becomes `SS`, `ı` becomes `I`). The /iu flags of a regular
 * expression compare by it (ECMA-262, Canonicalize: the scf of CaseFolding.txt), which is what the tests hold this against;
 * but an expression compares with one known text, and twins among unknown names need a text that stands for all alike.
 */

/** What case mapping of single characters gets wrong: scf leaves ı alone, and folds three characters without such a mapping. */
const EXCEPTIONS: ReadonlyMap<string, string> = new Map([
  ['\u0131', '\u0131'],
  ['\u1fd3', '\u0390'],
  ['\u1fe3', '\u03b0'],
  ['\ufb05', '\ufb06'],
]);

/** @returns a text that is the same for all texts, and only those, that are equal after simple case folding */
export function fold(text: string): string {
  if (isAscii(text)) return text.toLowerCase();
  let folded = '';
  for (const character of text) folded += foldCharacter(character);
  return folded;
}

function foldCharacter(character: string): string {
  const exception = EXCEPTIONS.get(character);
  if (exception !== undefined) return exception;
  // Upper case first brings variants together (ſ and s, ς and σ), lower case then those that have none above (K and k).
  const upper = oneOr(character, character.toUpperCase());
  return oneOr(upper, upper.toLowerCase());
}

/** Simple folding maps one character to one; a longer mapping belongs to full folding and does not count. */
function oneOr(character: string, mapped: string): string {
  return mapped.length === ((mapped.codePointAt(0) ?? 0) > 0xffff ? 2 : 1) ? mapped : character;
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false;
  return true;
}
