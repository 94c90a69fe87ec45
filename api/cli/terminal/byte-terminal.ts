import { on } from 'node:events';
import { isatty } from 'node:tty';
import { showPainted } from '../../text/paint.ts';

/** The streams of the process byte by byte, for programs that somebody talks to. */
export interface ByteTerminal {
  /** stdin and stdout are terminals. */
  readonly isInteractive: boolean;
  size(): { readonly columns: number; readonly rows: number };
  onResize(listener: () => void): Disposable;
  /** Hands on each key as it is typed, Ctrl-C too, and what is printed as it is, until it is disposed of. */
  raw(): Disposable;
  /** Input as it comes, until it ends or the signal aborts. */
  input(signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Unless keys are handed on raw, a terminal is shown what it would obey. Resolves when more may be written. */
  write(stream: 'stdout' | 'stderr', bytes: Uint8Array): Promise<void>;
}

const DEFAULT_ROWS = 24;
const DEFAULT_COLUMNS = 80;
/** Pieces of input that wait; none is read beyond them. */
const MAX_WAITING = 16;

export function createByteTerminal({
  stdin,
  stdout,
  stderr,
}: Pick<NodeJS.Process, 'stdin' | 'stdout' | 'stderr'>): ByteTerminal {
  const streams = { stdout, stderr };
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  let isRaw = false;
  return {
    isInteractive: isatty(stdin.fd) && isatty(stdout.fd),
    size: () => ({ columns: stdout.columns || DEFAULT_COLUMNS, rows: stdout.rows || DEFAULT_ROWS }),
    onResize(listener) {
      stdout.on('resize', listener);
      return { [Symbol.dispose]: () => void stdout.off('resize', listener) };
    },
    raw() {
      stdin.setRawMode(true);
      isRaw = true;
      return {
        [Symbol.dispose]() {
          isRaw = false;
          stdin.setRawMode(false);
        },
      };
    },
    async *input(signal) {
      const bounds = { highWaterMark: MAX_WAITING, lowWaterMark: 1 };
      try {
        for await (const [chunk] of on(stdin, 'data', { signal, close: ['end', 'close'], ...bounds }))
          yield chunk as Uint8Array;
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        // The process would wait for it.
        stdin.pause();
      }
    },
    async write(name, bytes) {
      const stream = streams[name];
      const shown =
        isRaw || !isatty(stream.fd) ? bytes : showPainted(decoders[name].decode(bytes, { stream: true }));
      if (!stream.write(shown)) await new Promise((resolve) => stream.once('drain', resolve));
    },
  };
}
