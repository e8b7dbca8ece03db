/** Where audgate's webhook posts its events: what a team's own receiver would be. */
import { Hono } from 'hono';
import type { MisuseEvent, MisuseKind } from '../../decision/misuse.ts';

export interface Sink {
  readonly app: Hono;
  /** @returns null when none came in the time; the longest that anybody should wait for one, not how long it takes */
  waitFor(kind: MisuseKind, client_id: string, milliseconds: number): Promise<MisuseEvent | null>;
}

/** Milliseconds between two looks. */
const LOOK_MS = 20;

export function createSink(now: () => number): Sink {
  const events: MisuseEvent[] = [];
  const app = new Hono();
  app.post('/events', async (c) => {
    // CloudEvents 1.0 in structured mode: what an event is besides its id and time is its data.
    const { id, time, data } = (await c.req.json()) as Pick<MisuseEvent, 'id' | 'time'> & { data: MisuseEvent };
    events.push({ ...data, id, time });
    return c.body(null, 204);
  });
  return {
    app,
    async waitFor(kind, client_id, milliseconds) {
      const end = now() + milliseconds;
      for (;;) {
        const found = events.find((event) => event.kind === kind && event.client_id === client_id);
        if (found !== undefined || now() > end) return found ?? null;
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
    },
  };
}
