/** Requests byte by byte, for what no HTTP client would send. */
import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

export function dial(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    socket.once('error', reject);
  });
}

/** Sends texts, one byte a character, and reads until the server ends the connection: say `Connection: close` in it. */
export async function send(port: number, ...texts: readonly string[]): Promise<RawAnswer> {
  const socket = await dial(port);
  const answer = received(socket);
  for (const text of texts) socket.write(text, 'latin1');
  return answer;
}

export function received(socket: Socket): Promise<RawAnswer> {
  return new Promise((resolve) => {
    let text = '';
    socket.on('data', (piece) => {
      text += piece.toString('latin1');
    });
    // A reset after the answer is no failure: what counts is what was read.
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(parse(text)));
  });
}

/** Reads one answer with Content-Length and leaves the connection open. */
export function receivedOne(socket: Socket): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    let text = '';
    const ended = () => reject(new Error(`the connection ended after ${JSON.stringify(text)}`));
    const take = (piece: Buffer) => {
      text += piece.toString('latin1');
      const at = text.indexOf('\r\n\r\n');
      if (at < 0) return;
      const answer = parse(text);
      if (answer.body.length < Number(answer.headers.get('content-length'))) return;
      socket.off('data', take);
      socket.off('close', ended);
      resolve(answer);
    };
    socket.on('data', take);
    socket.once('close', ended);
  });
}

function parse(text: string): RawAnswer {
  const at = text.indexOf('\r\n\r\n');
  const [line = '', ...fields] = text.slice(0, Math.max(at, 0)).split('\r\n');
  const headers = new Map(
    fields.map((field) => [
      field.slice(0, field.indexOf(':')).toLowerCase(),
      field.slice(field.indexOf(':') + 1).trim(),
    ]),
  );
  return { status: Number(line.split(' ')[1]), headers, body: text.slice(at + 4) };
}
