/** Headers as they were sent: Node joins some repeated ones, and of others drops all but the first. */

/** Lower-case names; values in the order of their sending, as Latin-1. */
export type SentHeaders = ReadonlyMap<string, readonly string[]>;

/** @param rawHeaders names and values in turn */
export function sentHeaders(rawHeaders: readonly string[]): SentHeaders {
  const sent = new Map<string, string[]>();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? '').toLowerCase();
    const value = rawHeaders[at + 1] ?? '';
    const values = sent.get(name);
    if (values === undefined) sent.set(name, [value]);
    else values.push(value);
  }
  return sent;
}

export function valuesOf(sent: SentHeaders, name: string): readonly string[] {
  return sent.get(name) ?? [];
}

/** The value of a header that was sent exactly once. */
export function onlyValue(sent: SentHeaders, name: string): string | undefined {
  const [value, second] = valuesOf(sent, name);
  return second === undefined ? value : undefined;
}

/** Headers of the client that its call is compared with, and what its body is said to be. No credential is among them. */
const OF_THE_CALL = /^(?:mcp-.*|content-type)$/;

export function callHeaders(sent: SentHeaders): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries([...sent].filter(([name]) => OF_THE_CALL.test(name)));
}
