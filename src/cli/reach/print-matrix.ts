/** The matrix of a registry for people. */
import type { Cell, Matrix } from '../../decision/matrix.ts';
import { painter, print, shown, table } from '../terminal.ts';
import { printWays, type Screen } from './print-reach.ts';

export function printMatrix(matrix: Matrix, host: Screen): void {
  const { stdout, env } = host;
  const paint = painter(stdout, env);
  const { servers, open, waived, blind, unserved, unknown, judged, left_out } = matrix;
  const left = left_out === 0 ? '' : `; ${left_out} left out, where no audience and no waiver could open`;
  print(stdout, `${servers.length} servers at ${matrix.at}: ${judged} tokens judged${left}`);
  if (open.length === 0 && blind.length === 0 && unknown === 0)
    print(stdout, paint('green', 'No token of one server opens another, but for what is listed.'));
  for (const cell of open) {
    const how = cell.kind === 'held' ? 'is kept from opening by the last comparison alone' : 'opens';
    print(stdout, paint('red', `A token of ${cell.from} ${how} ${cell.to}`));
    print(stdout, `  ${shown(tokenOf(cell))}: ${shown(cell.operations.join(', '))}`, `  ${shown(cell.remedy)}`);
  }
  for (const { server, token, codes } of blind)
    print(
      stdout,
      paint('red', `A right token of ${server} does not open it: ${codes.join(', ')}`),
      `  ${shown(`issuer ${token.issuer}, aud ${token.audiences.join(' ')}`)}. Its row says nothing: see audgate explain.`,
    );
  if (unknown > 0) print(stdout, paint('yellow', `${unknown} tokens could not be judged: the matrix is not whole.`));
  if (waived.length > 0) {
    const rows = waived.map((cell) => [
      ...[cell.from, cell.to, tokenOf(cell), cell.operations.join(', ')],
      cell.waivers.map(({ what, owner, until }) => `${what} waiver of ${owner}, ends ${until}`).join('; '),
    ]);
    const safe = rows.map((cells) => cells.map(shown));
    print(stdout, ...table(stdout, ['FROM', 'TO', 'TOKEN', 'OPERATIONS', 'BY'], safe));
  }
  printWays(matrix.ways, paint, host);
  if (unserved.length > 0) print(stdout, `No enabled issuer: ${unserved.map(shown).join(', ')}`);
}

const tokenOf = ({ token: { issuer, client_id, audiences } }: Cell) =>
  `issuer ${issuer}, client ${client_id ?? 'any'}, aud ${audiences.join(' ')}`;
