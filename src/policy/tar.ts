/**
 * Reads a tar archive that is already in memory, strictly: regular files with a right header and all of their data, and
 * nothing else. A lenient reader mends names that climb out, follows extended headers that rename a file, and goes round in
 * circles on a size below zero; here each of them refuses the archive.
 */

export interface TarFile {
  /** As it stands in the header (POSIX.1-1988 ustar: prefix and name). */
  readonly name: string;
  readonly data: Uint8Array<ArrayBuffer>;
}

const BLOCK = 512;
/** Files of one archive: a policy has some dozens. */
const MAX_FILES = 2000;

const KINDS: Readonly<Record<string, string>> = {
  '1': 'a hard link',
  '2': 'a symbolic link',
  '3': 'a device',
  '4': 'a device',
  '5': 'a folder',
  '6': 'a pipe',
  x: 'an extended header',
  g: 'an extended header',
  L: 'a long name of GNU tar',
  K: 'a long name of GNU tar',
};

/** @returns what is wrong, in the middle of a sentence, when it cannot be read */
export function readTar(tar: Uint8Array<ArrayBuffer>): readonly TarFile[] | string {
  const files: TarFile[] = [];
  let offset = 0;
  while (offset + BLOCK <= tar.length) {
    const header = tar.subarray(offset, offset + BLOCK);
    if (header.every((byte) => byte === 0)) {
      // Other readers go on after one block, or after any number of them, and would find files that nobody here saw.
      return tar.subarray(offset).every((byte) => byte === 0) ? files : 'the archive goes on after its closing block';
    }
    if (!hasRightSum(header))
      return `the header at byte ${offset} of the archive has a wrong checksum, so that it is no tar`;
    const name = nameOf(header);
    if (name === null) return `the name at byte ${offset} of the archive is not UTF-8`;
    const type = String.fromCharCode(header[156] ?? 0);
    if (type !== '0' && type !== '\0') {
      return `${JSON.stringify(name)} is ${KINDS[type] ?? 'an entry of an unknown kind'}, which has no place there: a bundle holds regular files`;
    }
    const size = octal(header, 124, 12);
    if (size === null) return `an entry has no valid size (${JSON.stringify(name)})`;
    const start = offset + BLOCK;
    if (start + size > tar.length)
      return `${JSON.stringify(name)} is cut off: ${size} bytes were announced, ${tar.length - start} are there`;
    if (files.length === MAX_FILES) return `the archive holds more than ${MAX_FILES} files`;
    // A copy: the archive itself need not stay in memory.
    files.push({ name, data: tar.slice(start, start + size) });
    offset = start + Math.ceil(size / BLOCK) * BLOCK;
  }
  return offset === 0 ? 'it is too short for a tar archive' : 'the archive ends without its closing block';
}

/** The sum of all bytes, those of the checksum itself taken as spaces. */
function hasRightSum(header: Uint8Array): boolean {
  let sum = 0;
  for (let at = 0; at < BLOCK; at++) sum += at >= 148 && at < 156 ? 32 : (header[at] ?? 0);
  return octal(header, 148, 8) === sum;
}

function nameOf(header: Uint8Array): string | null {
  const name = text(header, 0, 100);
  const isUstar = text(header, 257, 5) === 'ustar' && header[262] === 0;
  const prefix = isUstar ? text(header, 345, 155) : '';
  if (name === null || prefix === null) return null;
  return prefix === '' ? name : `${prefix}/${name}`;
}

function text(header: Uint8Array, start: number, length: number): string | null {
  const field = header.subarray(start, start + length);
  const end = field.indexOf(0);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      end === -1 ? field : field.subarray(0, end),
    );
  } catch {
    return null;
  }
}

/** Digits of base 8 between spaces and zero bytes; the other forms (base 256, a sign) are for sizes that no bundle has. */
function octal(header: Uint8Array, start: number, length: number): number | null {
  const digits = Buffer.from(header.subarray(start, start + length))
    .toString('latin1')
    .replace(/^[ \0]+|[ \0]+$/g, '');
  return /^[0-7]{1,11}$/.test(digits) ? Number.parseInt(digits, 8) : null;
}
