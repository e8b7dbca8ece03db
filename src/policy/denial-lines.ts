/** Where a rule's text writes each of its codes: for readers, who look for the denial that met them. It decides nothing. */

/** @returns line, 1-based, by code; a code that the rule makes up of other values is not there */
export function denialLines(rego: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const [at, line] of rego.split('\n').entries()) {
    if (/^\s*#/.test(line)) continue;
    for (const [, code = ''] of line.matchAll(/"code"\s*:\s*"([a-z][a-z0-9_]*)"/g)) {
      if (!found.has(code)) found.set(code, at + 1);
    }
  }
  return found;
}
