import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { createByteTerminal } from '../../../../api/cli/terminal/byte-terminal.ts';

/** Streams that are no terminals, and what their modes were set to. */
function createStreams() {
  const modes: boolean[] = [];
  const stdin = Object.assign(new PassThrough(), { setRawMode: (mode: boolean) => void modes.push(mode) });
  const [stdout, stderr] = [new PassThrough({ highWaterMark: 4 }), new PassThrough()];
  const streams = { stdin, stdout, stderr };
  const bytes = createByteTerminal(streams as unknown as Parameters<typeof createByteTerminal>[0]);
  return { ...streams, bytes, modes };
}

it('reads input to its end, and until it is told to stop', async () => {
  const { stdin, bytes } = createStreams();
  stdin.write('one');
  const read: string[] = [];
  for await (const chunk of bytes.input(new AbortController().signal)) {
    read.push(Buffer.from(chunk).toString());
    if (read.length === 1) stdin.end('two');
  }
  expect(read).toEqual(['one', 'two']);
  const other = createStreams();
  const ending = new AbortController();
  other.stdin.write('x');
  for await (const chunk of other.bytes.input(ending.signal)) {
    expect(chunk).toHaveLength(1);
    ending.abort();
  }
  // A process whose input is still listened to would not end.
  expect(other.stdin.isPaused()).toBe(true);
});

it('hands keys on raw until it is disposed of, also when something fails', () => {
  const { bytes, modes } = createStreams();
  const fail = () => {
    using _raw = bytes.raw();
    throw new Error('lost');
  };
  expect(fail).toThrow('lost');
  expect(modes).toEqual([true, false]);
});

it('waits for whoever reads what is printed', async () => {
  const { stdout, bytes } = createStreams();
  let isWritten = false;
  const writing = bytes.write('stdout', Buffer.from('more than four bytes')).then(() => (isWritten = true));
  await new Promise(setImmediate);
  expect(isWritten).toBe(false);
  expect(String(stdout.read())).toBe('more than four bytes');
  await writing;
});

it('has the size of a terminal where there is none', () => {
  const { bytes } = createStreams();
  expect(bytes.isInteractive).toBe(false);
  expect(bytes.size()).toEqual({ columns: 80, rows: 24 });
});
