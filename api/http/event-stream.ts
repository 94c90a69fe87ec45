import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import type { Readable } from 'node:stream';
import type { ServerEvent } from './route.ts';

export interface EventStreamOptions {
  /** Ends the stream. */
  readonly signal: AbortSignal;
  /** A comment is sent this often, so that proxies do not take a quiet stream for a dead one. */
  readonly heartbeatMs: number;
  /** Returns the event for a source that fails in the middle: the status line is long gone. */
  readonly toErrorEvent: (error: unknown) => ServerEvent;
}

/** Server-sent events as a response body, which mount.ts sends for replies of kind `events`, such as logs. Waits for slow readers; ends when the source does or the signal aborts. */
export function createEventStream(events: AsyncIterable<ServerEvent>, options: EventStreamOptions): Readable {
  const output = new PassThrough();
  // The first bytes make the headers go out at once.
  output.write(': open\n\n');
  const heartbeat = setInterval(() => {
    // A client that does not read what is there already is not sent more.
    if (!output.writableNeedDrain) output.write(': heartbeat\n\n');
  }, options.heartbeatMs);
  void pump(events, output, options).finally(() => {
    clearInterval(heartbeat);
    output.end();
  });
  return output;
}

async function pump(
  events: AsyncIterable<ServerEvent>,
  output: PassThrough,
  { signal, toErrorEvent }: EventStreamOptions,
): Promise<void> {
  try {
    for await (const event of events) {
      if (signal.aborted) return;
      if (!output.write(textOf(event))) await once(output, 'drain', { signal });
    }
  } catch (error) {
    if (!signal.aborted) output.write(formatEvent(toErrorEvent(error)));
  }
}

/** Texts of events that many are sent. */
const texts = new WeakMap<ServerEvent, string>();

function textOf(event: ServerEvent): string {
  const known = texts.get(event);
  if (known !== undefined) return known;
  const text = formatEvent(event);
  texts.set(event, text);
  return text;
}

function formatEvent(sent: ServerEvent): string {
  const { event, id } = sent;
  // A line end of any kind would begin another field.
  const data = 'text' in sent ? sent.text.replaceAll(/[\r\n]+/g, ' ') : JSON.stringify(sent.data);
  return `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${data}\n\n`;
}
