/**
 * What of a call custom rules look at, by their Rego text: records hold digests of arguments, and claims not at all, so that
 * rules that read them cannot be asked again. Read without OPA, from every reference that begins with `input`; what cannot be
 * followed (an alias of a part, a computed name) counts as reading all that is below it.
 */

export interface Reads {
  /** `input.call.arguments` */
  readonly arguments: boolean;
  /** `input.token.claims` */
  readonly claims: boolean;
  /** `input.context.extra` */
  readonly extra: boolean;
  /** `input.token.confirmation`, of which records hold thumbprints. */
  readonly confirmation: boolean;
  /** `input.token.authorization_details`, of which records hold types and digests. */
  readonly details: boolean;
  /** `input.proof`, which records of earlier versions do not hold. */
  readonly proof: boolean;
}

export const READS_ALL: Reads = {
  ...{ arguments: true, claims: true, extra: true },
  ...{ confirmation: true, details: true, proof: true },
};

/** What is not, or not wholly, in a record. */
const LEFT_OUT: Readonly<Record<keyof Reads, readonly string[]>> = {
  arguments: ['call', 'arguments'],
  claims: ['token', 'claims'],
  extra: ['context', 'extra'],
  confirmation: ['token', 'confirmation'],
  details: ['token', 'authorization_details'],
  proof: ['proof'],
};

/** @param sources Rego by file, without tests; none: nobody knows, so all is read */
export function readsOf(sources: ReadonlyMap<string, string>): Reads {
  if (sources.size === 0) return READS_ALL;
  const paths = [...sources.values()].flatMap(inputPaths);
  const reads = (wanted: readonly string[]) =>
    // A reference to a whole reads its parts, one to a part reads that part.
    paths.some((path) => wanted.every((step, at) => path[at] === undefined || path[at] === step));
  return {
    arguments: reads(LEFT_OUT.arguments),
    claims: reads(LEFT_OUT.claims),
    extra: reads(LEFT_OUT.extra),
    confirmation: reads(LEFT_OUT.confirmation),
    details: reads(LEFT_OUT.details),
    proof: reads(LEFT_OUT.proof),
  };
}

/** Names behind each `input`, as far as they stand there as names. */
function inputPaths(text: string): readonly (readonly string[])[] {
  return [...withoutComments(text).matchAll(/(?<![\w.])input\b((?:\s*\.\s*\w+|\s*\[\s*"[^"\\]*"\s*\])*)/g)].map(
    ([, steps = '']) => [...steps.matchAll(/\.\s*(\w+)|"([^"]*)"/g)].map(([, name, quoted]) => name ?? quoted ?? ''),
  );
}

/**
 * Lines that are comments; what stands behind code stays, because a `#` may be part of a text. Raw templates run over lines, and
 * a line of one may begin with `#`.
 */
function withoutComments(text: string): string {
  return text.includes('$`') ? text : text.replaceAll(/^\s*#.*$/gm, '');
}
