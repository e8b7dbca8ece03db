/** What to change about an open cell, in a sentence. */
import type { Snapshot } from '../decide/snapshot.ts';
import { legible } from '../decision/evidence.ts';
import type { Cell } from '../decision/matrix.ts';
import type { ServerRecord } from '../registry/registry.ts';

export function remedyOf(
  { kind, token: { issuer, audiences }, waivers }: Omit<Cell, 'remedy'>,
  from: ServerRecord,
  to: ServerRecord,
  { policy, registry }: Snapshot,
): string {
  const place = ({ source }: ServerRecord) => `${source.file}:${source.line}`;
  if (kind === 'waived') {
    const owners = [...new Set(waivers.map(({ owner }) => legible(owner)))].join(', ');
    return `Ask ${owners} whether "${to.key}" (${place(to)}) still needs its waiver; it ends by itself.`;
  }
  const restore = 'Restore the released core (policies/core.wasm), and do not allow a modified one.';
  if (kind === 'held')
    return `The core allows it, and only the host's own comparison held it back: the core is broken. ${restore}`;
  const { audiences: accepted } = to.inputFor(issuer);
  const value = audiences.find((one) => accepted.includes(one));
  if (value !== undefined)
    return `Both servers accept ${JSON.stringify(legible(value))}: give each an audience of its own (${place(from)}, ${place(to)}).`;
  const extra = registry.issuers.get(issuer)?.extra_audiences.find((one) => accepted.includes(one));
  if (extra !== undefined)
    return `"${to.key}" accepts ${JSON.stringify(legible(extra))}, which issuer "${issuer}" writes into every token: take it from either (${place(to)}).`;
  return policy.core.modified
    ? `The core is modified, and opens it. ${restore}`
    : `No audience and no waiver says why: report this as a vulnerability of audgate (SECURITY.md).`;
}
