import type { Invocation } from '../invocation.ts';
import { UsageError } from './failure.ts';

const LARGEST_INPUT = 1024 * 1024;
const END_OF_INPUT = 4;
const INTERRUPT = 3;
const BACKSPACES = new Set([8, 127]);
const LINE_ENDS = new Set([10, 13]);

/**
 * Reads a value that nobody should see: from a terminal one line, which is not shown; else all input, less one newline at its end.
 *
 * @throws UsageError when there is none, and when it was called off
 */
export async function readValue({ terminal, interrupt }: Invocation, question: string): Promise<string> {
  const bytes = terminal.canAsk
    ? await typed(terminal, question, interrupt.signal)
    : await readAll(terminal, interrupt.signal);
  const text = new TextDecoder().decode(bytes).replace(/\r?\n$/, '');
  if (text === '') throw new UsageError('no value was given', 'type it, or send it on the input: … < FILE');
  return text;
}

type Terminal = Invocation['terminal'];

async function readAll({ bytes }: Terminal, signal: AbortSignal): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bytes.input(signal)) {
    size += chunk.length;
    if (size > LARGEST_INPUT) throw new UsageError(`the value is larger than ${LARGEST_INPUT} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function typed(terminal: Terminal, question: string, signal: AbortSignal): Promise<Uint8Array> {
  terminal.write(question);
  const line: number[] = [];
  try {
    using _ = terminal.bytes.raw();
    for await (const chunk of terminal.bytes.input(signal)) if (take(chunk, line) === 'done') break;
    return Uint8Array.from(line);
  } finally {
    terminal.write('\n');
  }
}

function take(keys: Uint8Array, line: number[]): 'more' | 'done' {
  for (const key of keys) {
    if (key === INTERRUPT) throw new UsageError('called off; nothing was changed');
    if (LINE_ENDS.has(key) || key === END_OF_INPUT) return 'done';
    if (BACKSPACES.has(key)) erase(line);
    else line.push(key);
  }
  return 'more';
}

/** Takes the last character back, which may have several bytes. */
function erase(line: number[]): void {
  while (isContinuation(line.at(-1))) line.pop();
  line.pop();
}

function isContinuation(byte = 0): boolean {
  return (byte & 0xc0) === 0x80;
}
