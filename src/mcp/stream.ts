/**
 * Ends an event stream when the allow that opened it ends (contract 2: close streams then). A client of MCP opens another,
 * and learns there that it needs a new token. Other answers are delivered whole: their call was allowed when it was made.
 * @param until RFC 3339
 * @param now milliseconds since the epoch
 */
export function endAt(response: Response, until: string, now: () => number): Response {
  const { body, headers, status, statusText } = response;
  const type = headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
  if (body === null || type !== 'text/event-stream') return response;
  const events = body.getReader();
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  const end = (close: () => void) => {
    clearTimeout(timer);
    if (!ended) close();
    ended = true;
  };
  const limited = new ReadableStream<Uint8Array>({
    start(controller) {
      const expire = () => {
        end(() => controller.close());
        // Tells the handler that nobody listens any more; that it failed to stop is nothing to anybody.
        events.cancel('the access token has expired').catch(() => {});
      };
      timer = setTimeout(expire, Math.max(Date.parse(until) - now(), 0));
      timer.unref();
    },
    async pull(controller) {
      try {
        const { done, value } = await events.read();
        if (done) end(() => controller.close());
        else if (!ended) controller.enqueue(value);
      } catch (error) {
        end(() => controller.error(error));
      }
    },
    cancel(reason) {
      end(() => {});
      return events.cancel(reason);
    },
  });
  return new Response(limited, { status, statusText, headers });
}
