/** `scope_implies`: which scope holds which others, at any remove. */

type Implies = Readonly<Record<string, readonly string[]>>;

/** Required scope → all scopes that imply it, sorted; not the scope itself. */
export function implied(implies: Implies): ReadonlyMap<string, readonly string[]> {
  const direct = new Map(Object.entries(implies));
  const impliers = new Map<string, string[]>();
  for (const scope of [...direct.keys()].sort()) {
    const seen = new Set<string>();
    const open = [...(direct.get(scope) ?? [])];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (seen.has(next)) continue;
      seen.add(next);
      open.push(...(direct.get(next) ?? []));
    }
    seen.delete(scope);
    for (const held of seen) {
      const holders = impliers.get(held);
      if (holders === undefined) impliers.set(held, [scope]);
      else holders.push(scope);
    }
  }
  return impliers;
}

/** Each circle once, as the scopes along it, the first repeated at the end. */
export function circles(implies: Implies): readonly (readonly string[])[] {
  const direct = new Map(Object.entries(implies));
  const done = new Set<string>();
  const found: string[][] = [];
  for (const start of direct.keys()) {
    if (done.has(start)) continue;
    // Depth first without recursion: a long chain must not exhaust the stack.
    const trail: { readonly scope: string; readonly rest: string[] }[] = [
      { scope: start, rest: [...(direct.get(start) ?? [])] },
    ];
    const onTrail = new Set([start]);
    for (let top = trail.at(-1); top !== undefined; top = trail.at(-1)) {
      const next = top.rest.shift();
      if (next === undefined) {
        onTrail.delete(top.scope);
        done.add(top.scope);
        trail.pop();
      } else if (onTrail.has(next)) {
        const scopes = trail.map(({ scope }) => scope);
        found.push([...scopes.slice(scopes.indexOf(next)), next]);
      } else if (!done.has(next)) {
        trail.push({ scope: next, rest: [...(direct.get(next) ?? [])] });
        onTrail.add(next);
      }
    }
  }
  return found;
}
