/** An address that a request may not go to. Its message is fit for logs and answers: it holds neither name nor address. */
export class RefusedAddress extends Error {
  readonly code = 'REFUSED_ADDRESS';
}

/**
 * The refusal that is behind an error of `fetch`, or the error itself.
 * @returns its message; undefined when something else went wrong
 */
export function refusalOf(error: unknown): string | undefined {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof RefusedAddress ? cause.message : undefined;
}
