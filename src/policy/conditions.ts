/** The conditions of Rego rules, each with its place in the text: what a mistake leaves out. */
import { z } from 'zod';
import type { Opa } from './opa.ts';
import type { Place } from './problem.ts';
import { isTest, type Sources, without, withStage } from './sources.ts';

export interface Condition extends Place {
  /** As written. */
  readonly text: string;
  /** Bytes of the file before it. */
  readonly offset: number;
  /** Its line says why nothing changes without it: `# redundant: …`. */
  readonly redundant: boolean;
}

const REDUNDANT = /#\s*redundant:\s*\S/;

/** An expression of a body. OPA makes one up where a rule has none (`generated`). */
const expression = z.object({
  generated: z.boolean().optional(),
  location: z.object({ row: z.int().min(1), col: z.int().min(1), text: z.string() }),
});

/** Those of rules, comprehensions and `every`, in the order of the text; tests have none. @throws for Rego that does not parse */
export function conditionsOf(opa: Opa, sources: Sources): Promise<readonly Condition[]> {
  const judged = without(sources, isTest);
  return withStage(judged, async (folder) => {
    const found: Condition[] = [];
    for (const [file, text] of judged) {
      const args = ['parse', '--format', 'json', '--json-include', 'locations,-comments', file];
      const ran = await opa.run(args, { cwd: folder });
      if (ran.code !== 0) throw new Error(`${file} does not parse: ${ran.stderr || ran.stdout}`);
      const bodies: unknown[] = [];
      collectBodies(JSON.parse(ran.stdout), bodies);
      const lines = linesOf(text);
      const places = new Map<number, Condition>();
      for (const body of bodies) {
        const read = expression.safeParse(body);
        if (!read.success || read.data.generated === true) continue;
        const { row, col, text: encoded } = read.data.location;
        const written = Buffer.from(encoded, 'base64').toString();
        const offset = (lines[row - 1] ?? 0) + col - 1;
        const bytes = Buffer.from(text).subarray(offset, offset + Buffer.byteLength(written));
        // Columns count bytes; where OPA means another place, a change of it would be another one.
        if (bytes.toString() !== written || written === 'true') continue;
        const redundant = REDUNDANT.test(text.split('\n')[row - 1 + written.split('\n').length - 1] ?? '');
        places.set(offset, { file, line: row, column: col, text: written, offset, redundant });
      }
      found.push(...[...places.values()].sort((a, b) => a.offset - b.offset));
    }
    return found;
  });
}

/** The same sources without the condition: it always holds. */
export function withoutCondition(sources: Sources, { file, offset, text }: Condition): Sources {
  const before = Buffer.from(sources.get(file) ?? '');
  const after = [before.subarray(0, offset), Buffer.from('true'), before.subarray(offset + Buffer.byteLength(text))];
  return new Map([...sources, [file, Buffer.concat(after).toString()]]);
}

function collectBodies(node: unknown, bodies: unknown[]): void {
  if (Array.isArray(node)) {
    for (const one of node) collectBodies(one, bodies);
  } else if (typeof node === 'object' && node !== null) {
    for (const [name, member] of Object.entries(node)) {
      if (name === 'body' && Array.isArray(member)) bodies.push(...member);
      collectBodies(member, bodies);
    }
  }
}

/** Bytes before each line. */
function linesOf(text: string): readonly number[] {
  const starts = [0];
  for (const line of text.split('\n')) starts.push((starts.at(-1) ?? 0) + Buffer.byteLength(line) + 1);
  return starts;
}
