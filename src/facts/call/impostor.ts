import { type Defect, shown } from './malformed.ts';
import type { Impostor } from './names.ts';

/** @param place how the sender calls the object that holds the name */
export function impostorDefect(
  impostor: Impostor,
  place: string,
  remedy = 'Write member names exactly as MCP does.',
): Defect {
  const { name, taken_for } = impostor;
  if (taken_for === null)
    return { expected: `member names of ${place} without control characters`, found: shown(name), remedy };
  return {
    expected: `no member of ${place} that equals ${shown(taken_for)} only after case folding`,
    found: shown(name),
    remedy,
    evidence: { expected: [taken_for], actual: [name] },
  };
}
