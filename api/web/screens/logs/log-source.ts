import { get, query, toApiError } from '../../client/request.ts';
import type { ApiError } from '../../client/request.ts';
import type { LogLineView, LogList } from '../../client/run-types.ts';

export interface LogWish {
  readonly stack: string;
  /** Names with commas between; empty: all. */
  readonly services: string;
  /** Minutes that are looked back; `null`: the last lines, whenever they were printed. */
  readonly minutes: number | null;
  /** Lines of the run before the one that is there now. */
  readonly previous: boolean;
}

export interface LogReader {
  onLine: (line: LogLineView) => void;
  onFailure: (service: string, message: string) => void;
  onState: (state: 'live' | 'broken' | 'over', error: ApiError | null) => void;
}

/** Last lines of each service that are asked for where no time is named. */
const LAST_LINES = 500;
/** Most lines that may be asked for. */
const MOST = 10_000;
const RETRY_MS = 2_000;

function toPath(
  { stack, services, previous }: LogWish,
  more: Readonly<Record<string, string | number | boolean>>,
): string {
  const asked = query({ services, ...more, ...(previous ? { previous: true } : {}) });
  return `/stacks/${encodeURIComponent(stack)}/logs${asked}`;
}

/** Reads the logs of a stack, and goes on where it stood when the connection is lost. Returns a function that ends it. */
export function readLogs(wish: LogWish, reader: LogReader): () => void {
  const since = wish.minutes === null ? null : new Date(Date.now() - wish.minutes * 60_000).toISOString();
  const window = { tail: since === null ? LAST_LINES : MOST, ...(since === null ? {} : { since }) };
  return wish.previous ? readOnce(wish, window, reader) : follow(wish, window, reader);
}

function readOnce(
  wish: LogWish,
  window: Readonly<Record<string, string | number>>,
  reader: LogReader,
): () => void {
  const controller = new AbortController();
  get<LogList>(toPath(wish, window), controller.signal).then(
    ({ logs, failures }) => {
      for (const line of logs) reader.onLine(line);
      for (const [service, message] of Object.entries(failures)) reader.onFailure(service, message);
      reader.onState('over', null);
    },
    (error: unknown) => {
      if (!controller.signal.aborted) reader.onState('over', toApiError(error));
    },
  );
  return () => controller.abort();
}

function follow(
  wish: LogWish,
  first: Readonly<Record<string, string | number>>,
  reader: LogReader,
): () => void {
  const seen = createSeen();
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const controller = new AbortController();
  const open = (): void => {
    const window = seen.last === '' ? first : { tail: MOST, since: seen.last };
    const opened = new EventSource(`/api/v1${toPath(wish, { ...window, follow: true })}`);
    source = opened;
    opened.addEventListener('open', () => reader.onState('live', null));
    opened.addEventListener('log', ({ data }: MessageEvent<string>) => {
      const line = JSON.parse(data) as LogLineView;
      if (seen.add(line)) reader.onLine(line);
    });
    opened.addEventListener('failure', ({ data }: MessageEvent<string>) => {
      const { service, message } = JSON.parse(data) as { service: string; message: string };
      reader.onFailure(service, message);
    });
    opened.addEventListener('error', () => {
      // The browser would ask for the same lines again.
      opened.close();
      if (controller.signal.aborted) return;
      timer = setTimeout(open, RETRY_MS);
      void tellWhy(wish, controller.signal, reader);
    });
  };
  open();
  return () => {
    controller.abort();
    clearTimeout(timer);
    source?.close();
  };
}

/** Streams that are refused have no words: an answer that is no stream has. */
async function tellWhy(wish: LogWish, signal: AbortSignal, reader: LogReader): Promise<void> {
  try {
    await get<LogList>(toPath(wish, { tail: 0 }), signal);
    if (!signal.aborted) reader.onState('broken', null);
  } catch (error) {
    if (!signal.aborted) reader.onState('broken', toApiError(error));
  }
}

/** Remembers the lines of the newest moment: the next connection begins with them again. */
function createSeen() {
  let last = '';
  let lines = new Set<string>();
  return {
    get last() {
      return last;
    },
    add({ service, time, msg }: LogLineView): boolean {
      const key = `${service} ${msg}`;
      if (time === last && lines.has(key)) return false;
      if (time > last) {
        last = time;
        lines = new Set();
      }
      if (time === last) lines.add(key);
      return true;
    },
  };
}
