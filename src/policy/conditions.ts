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
  /** Where it compares two values: what orders them or says that they are one. */
  readonly operator: { readonly text: string; readonly offset: number } | null;
  /** With this one false its whole body never holds; one of each body, that binds nothing. */
  readonly closes: boolean;
}

const REDUNDANT = /#\s*redundant:\s*\S/;

const location = z.object({ row: z.int().min(1), col: z.int().min(1), text: z.string() });
/** An expression of a body. OPA makes one up where a rule has none (`generated`). */
const expression = z.object({ generated: z.boolean().optional(), location });
/** Of three terms the first is what is called; written between its operands it is an operator. */
const called = z.object({ terms: z.array(z.object({ location: location.optional() })).length(3) });
const OPERATORS: readonly string[] = ['<', '<=', '>', '>=', '==', '!='];
/** It makes a variable for what stands below it. */
const BINDS = /:=|\bsome\b|[^=!<>:]=[^=]/;

/** Those of rules, comprehensions and `every`, in the order of the text; tests have none. @throws for Rego that does not parse */
export function conditionsOf(opa: Opa, sources: Sources): Promise<readonly Condition[]> {
  const judged = without(sources, isTest);
  return withStage(judged, async (folder) => {
    const found: Condition[] = [];
    for (const [file, text] of judged) {
      const args = ['parse', '--format', 'json', '--json-include', 'locations,-comments', file];
      const ran = await opa.run(args, { cwd: folder });
      if (ran.code !== 0) throw new Error(`${file} does not parse: ${ran.stderr || ran.stdout}`);
      const bodies: unknown[][] = [];
      collectBodies(JSON.parse(ran.stdout), bodies);
      const lines = linesOf(text);
      const bytes = Buffer.from(text);
      // Columns count bytes; where OPA means another place, a change of it would be another one.
      const placed = ({ row, col, text: encoded }: z.output<typeof location>) => {
        const written = Buffer.from(encoded, 'base64').toString();
        const offset = (lines[row - 1] ?? 0) + col - 1;
        return bytes.subarray(offset, offset + Buffer.byteLength(written)).toString() === written
          ? { text: written, offset }
          : null;
      };
      const places = new Map<number, Condition>();
      for (const body of bodies) {
        let open = true;
        for (const one of body) {
          const read = expression.safeParse(one);
          if (!read.success || read.data.generated === true) continue;
          const { row, col } = read.data.location;
          const here = placed(read.data.location);
          if (here === null || here.text === 'true') continue;
          const redundant = REDUNDANT.test(text.split('\n')[row - 1 + here.text.split('\n').length - 1] ?? '');
          const [verb] = called.safeParse(one).data?.terms ?? [];
          const between = verb?.location && placed(verb.location);
          const operator = between && OPERATORS.includes(between.text) ? between : null;
          const closes = open && !BINDS.test(here.text);
          if (closes) open = false;
          places.set(here.offset, { file, line: row, column: col, ...here, redundant, operator, closes });
        }
      }
      found.push(...[...places.values()].sort((one, other) => one.offset - other.offset));
    }
    return found;
  });
}

/** The same sources with another text in place of one of `length` bytes. */
export function replaced(
  sources: Sources,
  { file, offset, length }: { readonly file: string; readonly offset: number; readonly length: number },
  text: string,
): Sources {
  const before = Buffer.from(sources.get(file) ?? '');
  const after = [before.subarray(0, offset), Buffer.from(text), before.subarray(offset + length)];
  return new Map([...sources, [file, Buffer.concat(after).toString()]]);
}

function collectBodies(node: unknown, bodies: unknown[][]): void {
  if (Array.isArray(node)) {
    for (const one of node) collectBodies(one, bodies);
  } else if (typeof node === 'object' && node !== null) {
    for (const [name, member] of Object.entries(node)) {
      if (name === 'body' && Array.isArray(member)) bodies.push(member);
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
