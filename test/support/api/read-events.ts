import type { Role } from '../../../reconciler/index.ts';
import type { ApiServer } from './api-server.ts';

export interface ReceivedEvent {
  readonly event: string;
  readonly id: string | null;
  readonly data: Record<string, unknown>;
}

/** An event stream of the API, read event by event. */
export interface EventReader {
  readonly response: Response;
  /** Waits for the next events. */
  take(count: number): Promise<readonly ReceivedEvent[]>;
  /** Waits for the next event of a type, and leaves out those before it. */
  until(event: string): Promise<ReceivedEvent>;
  leave(): void;
}

export async function openEvents(
  server: Pick<ApiServer, 'request'>,
  path: string,
  headers: Record<string, string> = {},
  role: Role = 'viewer',
): Promise<EventReader> {
  const client = new AbortController();
  const response = await server.request(path, { headers, role, signal: client.signal });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (reader === undefined) throw new Error('no body');
  let text = '';
  const next = async (): Promise<ReceivedEvent> => {
    for (;;) {
      const end = text.indexOf('\n\n');
      if (end === -1) {
        const { done, value } = await reader.read();
        if (done) throw new Error('the stream has ended');
        text += value;
        continue;
      }
      const block = text.slice(0, end);
      text = text.slice(end + 2);
      const event = parseEvent(block);
      if (event !== null) return event;
    }
  };
  return {
    response,
    async take(count) {
      const events: ReceivedEvent[] = [];
      while (events.length < count) events.push(await next());
      return events;
    },
    async until(wanted) {
      for (;;) {
        const event = await next();
        if (event.event === wanted) return event;
      }
    },
    leave: () => client.abort(),
  };
}

/** @returns `null` for a comment */
function parseEvent(block: string): ReceivedEvent | null {
  const fields = new Map(
    block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );
  const event = fields.get('event');
  if (event === undefined) return null;
  return { event, id: fields.get('id') ?? null, data: JSON.parse(fields.get('data') ?? 'null') };
}
