/** JSON pointers (RFC 6901): the one writer. */

export type Path = readonly PropertyKey[];

/**
 * Names that a pointer or message may repeat where a client chose them. Anything else could be a secret in the wrong
 * place, or unfit to print: a token, a line break, letters that turn the reading direction.
 */
const PLAIN_NAME = /^[A-Za-z0-9_.:/-]{1,64}$/;

export const isPlainName = (name: string): boolean => PLAIN_NAME.test(name);

/** One step, with its slash (RFC 6901 §3). */
export const stepTo = (step: PropertyKey): string => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`;

/** @param path of a text whose author reads the pointer: every name is repeated */
export const pointerTo = (path: Path): string => path.map(stepTo).join('');

/** Ends before a name that is not plain: the pointer leads to the object that holds it. */
export function plainPointerTo(path: Path): string {
  const end = path.findIndex((step) => typeof step !== 'number' && !isPlainName(String(step)));
  return pointerTo(end === -1 ? path : path.slice(0, end));
}
