/** The demonstration: first the problem, then the same calls with audgate asked, then two commands to try by hand. */
import type { Decision } from '../decision/decision.ts';
import { demoRegistry } from './registry.ts';
import { protectedRows, type Row, unprotectedRows } from './rows.ts';
import { decidingFact, formatTable, type Line, type Paint } from './table.ts';
import { createWorld, type World, type WorldParts } from './world.ts';

export interface DemoParts extends WorldParts {
  /** Ends after the tables. */
  readonly once: boolean;
  readonly print: (line: string) => void;
  readonly paint: Paint;
  /** Starts audgate itself with this registry; the demonstration asks it over HTTP like any gateway. */
  readonly startAudgate: (registry: string) => Promise<{ readonly url: string; stop(): Promise<void> }>;
  /** Resolves when the user has seen enough (SIGINT, SIGTERM). */
  readonly interrupted: Promise<void>;
}

/** @returns the exit code: 0 when every row is what it should be, else 1 */
export async function runDemo(parts: DemoParts): Promise<number> {
  const { print, paint } = parts;
  const world = await createWorld(parts);
  const audgate = await parts.startAudgate(demoRegistry(world)).catch(async (error: unknown) => {
    await world.stop();
    throw error;
  });
  try {
    print('One issuer, one reverse proxy, and two MCP servers behind it that never look at aud:');
    print(`  issuer   ${world.login.issuer}`);
    print(`  PROXY    ${world.proxy}`);
    print(`  files    ${world.files}`);
    print(`  billing  ${world.billing}`);
    print('');
    print(paint('bold', 'Without audgate: a token for billing reads a file.'));
    const before = await play(unprotectedRows(world, parts), world, parts);
    for (const line of formatTable(before, paint)) print(line);
    print('');
    print(paint('bold', 'With audgate: the same proxy asks it before each call.'));
    world.protect(audgate.url);
    const after = await play(protectedRows(world, parts), world, parts);
    for (const line of formatTable(after, paint)) print(line);
    print('');
    const lines = [...before, ...after];
    const wrong = lines.filter(({ ok }) => !ok).length;
    print(
      wrong === 0
        ? `${lines.length} of ${lines.length} calls answered as they should be.`
        : `${wrong} of ${lines.length} calls were not answered as they should be.`,
    );
    if (parts.once) return wrong === 0 ? 0 : 1;
    printCommands(world, audgate.url, print);
    await parts.interrupted;
    return wrong === 0 ? 0 : 1;
  } finally {
    await audgate.stop();
    await world.stop();
  }
}

/** Makes each call through the proxy, one after the other, and says what came back. */
async function play(rows: readonly Row[], world: World, parts: WorldParts): Promise<readonly Line[]> {
  const lines: Line[] = [];
  const brief = (text: string) => text.replaceAll(world.proxy, 'PROXY').replaceAll(world.stranger.issuer, 'STRANGER');
  for (const row of rows) {
    const token = await row.mint();
    const before = world.lastDecision();
    const answer = await parts.fetch(`${world.proxy}/${row.server}/mcp`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: row.tool, arguments: { path: 'report.txt' } },
      }),
    });
    const text = await answer.text();
    const decision = world.lastDecision();
    const decided: Decision | undefined = decision === before ? undefined : decision;
    const reason = decided?.reasons[0]?.code ?? null;
    lines.push({
      call: `${row.server} ${row.tool}`,
      token: row.token,
      status: answer.status,
      reason: reason ?? '-',
      fact: decided === undefined ? `the server answered ${result(text)}` : decidingFact(decided, brief),
      ok: answer.status === row.expected.status && reason === row.expected.reason,
    });
  }
  return lines;
}

function result(text: string): string {
  const body = JSON.parse(text) as { result?: { content?: readonly { text?: string }[] } };
  return JSON.stringify(body.result?.content?.[0]?.text ?? null);
}

function printCommands(world: World, audgate: string, print: (line: string) => void): void {
  // Tokens are short-lived, so each command fetches a fresh one; sed reads it from the JSON answer.
  const token = (resource: string) =>
    `$(curl -s ${world.login.issuer}/token -d grant_type=client_credentials -d client_id=agent -d client_secret=demo -d resource=${resource} | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`;
  const command = (resource: string) =>
    `curl -s ${audgate}/v1/decide -H 'content-type: application/json' -d '{"server":"${world.files}","token":"'"${token(resource)}"'","call":{"method":"tools/call","tool":"read_file","arguments":{}}}'`;
  print('');
  print('Ask it yourself. Allowed:');
  print(command(world.files));
  print('');
  print('Denied, a token for billing:');
  print(command(world.billing));
  print('');
  print('Ctrl-C ends the demonstration.');
}
