import { HOME } from '../../client/home.ts';
import { post } from '../../client/request.ts';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export interface ShellPlace {
  readonly stack: string;
  readonly service: string;
  readonly pod?: string;
  readonly container?: string;
}

export interface ShellEvents {
  onOpen(): void;
  onOutput(bytes: Uint8Array): void;
  /** Called once, when nothing more comes. `code` is `null` where the program did not end by itself. */
  onEnd(code: number | null, message: string | null): void;
}

export interface Shell {
  write(text: string): void;
  resize(size: Size): void;
  close(): void;
}

/** Bash where there is one. */
const SHELL = ['sh', '-c', 'if command -v bash >/dev/null 2>&1; then exec bash; else exec sh; fi'];

interface Ticket {
  readonly path: string;
}

type Frame =
  | { readonly type: 'opened' }
  | { readonly type: 'exit'; readonly code: number }
  | { readonly type: 'error'; readonly message: string };

/** Starts a shell in a container, by a ticket that counts once. Throws `ApiError`. */
export async function openShell(
  { stack, service, ...where }: ShellPlace,
  { columns, rows }: Size,
  events: ShellEvents,
): Promise<Shell> {
  const path = `/stacks/${encodeURIComponent(stack)}/services/${encodeURIComponent(service)}/exec`;
  const ticket = await post<Ticket>(path, { command: SHELL, tty: true, columns, rows, ...where });
  const socket = new WebSocket(location.origin.replace(/^http/, 'ws') + HOME + ticket.path);
  socket.binaryType = 'arraybuffer';
  let isOver = false;
  const end = (code: number | null, message: string | null): void => {
    if (isOver) return;
    isOver = true;
    events.onEnd(code, message);
    socket.close();
  };
  socket.addEventListener('message', ({ data }: MessageEvent<ArrayBuffer | string>) => {
    // The first byte names the stream; a terminal has one only.
    if (typeof data !== 'string') return events.onOutput(new Uint8Array(data, 1));
    const frame = JSON.parse(data) as Frame;
    if (frame.type === 'opened') return events.onOpen();
    return frame.type === 'exit' ? end(frame.code, null) : end(null, frame.message);
  });
  socket.addEventListener('close', () => end(null, 'The connection was lost.'));
  const encoder = new TextEncoder();
  const send = (frame: string | Uint8Array<ArrayBuffer>): void => {
    if (socket.readyState === WebSocket.OPEN) socket.send(frame);
  };
  return {
    write: (text) => send(encoder.encode(text)),
    resize: (size) => send(JSON.stringify({ type: 'resize', ...size })),
    close() {
      isOver = true;
      socket.close();
    },
  };
}
