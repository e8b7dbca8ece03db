/** Who acts for the subject (RFC 8693 §4.1). The outermost actor alone is judged; all of them are told, as history. */
import { isJsonObject, type Json } from '../../json/value.ts';
import { kindOf, type Refused, refuse, wrongText } from './refuse.ts';

/**
 * @returns `act.sub` of each, the outermost first; empty without act. At most 15, because a token's JSON nests no deeper.
 * A chain that cannot be told whole is refused: whoever reads the record of a decision must not take a part of it for all.
 */
export function readActors(act: Json | undefined): readonly string[] | Refused {
  const actors: string[] = [];
  let name = 'act';
  let level = act;
  while (level !== undefined) {
    if (!isJsonObject(level)) return noObject(name, level);
    const sub = own(level, 'sub');
    const wrong = wrongText(`${name}.sub`, sub, true);
    if (wrong !== undefined) return wrong;
    actors.push(String(sub));
    level = own(level, 'act');
    name = `${name}.act`;
  }
  return actors;
}

const own = (level: Readonly<Record<string, Json>>, member: string): Json | undefined =>
  Object.hasOwn(level, member) ? level[member] : undefined;

/** Never with its value: in place of an actor may stand its token. */
function noObject(name: string, value: Json): Refused {
  const kind = kindOf(value);
  return refuse(
    'claims_invalid',
    `The claim "${name}" must be an object, and is ${kind}. Have the issuer follow RFC 8693 §4.1.`,
    { expected: ['an object'], actual: [kind] },
  );
}
