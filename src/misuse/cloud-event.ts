/** An event in the form that receivers of many senders share: CloudEvents 1.0, structured mode in JSON. */
import type { MisuseEvent } from '../decision/misuse.ts';

export const CLOUD_EVENT_TYPE = 'application/cloudevents+json; charset=utf-8';

/** @param source a URI reference; with `id` it names the event (CloudEvents 1.0 §3.1) */
export function writeCloudEvent({ id, time, ...data }: MisuseEvent, source: string): string {
  const last = data.servers.at(-1);
  return JSON.stringify({
    specversion: '1.0',
    type: `io.audgate.misuse.${data.kind}`,
    source,
    id,
    time,
    ...(last !== undefined && { subject: `servers/${last}` }),
    datacontenttype: 'application/json',
    data,
  });
}
