import type { Readable } from 'node:stream';
import type { ContainerInspectInfo } from 'dockerode';
import { isReconcilerError } from '../../base/errors.ts';
import type { LogLine } from '../../ports/target-capabilities.ts';
import type { Engine } from './engine/engine.ts';
import { readFrames } from './engine/engine-exec.ts';

/** Characters of a line that are shown in a message. */
const MAX_SHOWN = 500;
/** A line without an end is passed on in pieces of this size. */
const MAX_LINE_BYTES = 64 * 1024;

/**
 * Splits the engine's multiplexed log stream into lines: each frame starts with one byte for the stream (1 stdout,
 * 2 stderr), three zero bytes and a big-endian length; each line starts with its time. A container with a terminal
 * has one stream and no frames.
 */
export async function* readLogLines(
  chunks: AsyncIterable<Buffer>,
  terminal = false,
): AsyncGenerator<LogLine> {
  if (terminal) return yield* readTerminalLines(chunks);
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  const rest = { stdout: '', stderr: '' };
  for await (const { name, content } of readFrames(chunks)) {
    const lines = (rest[name] + decoders[name].decode(content, { stream: true })).split('\n');
    rest[name] = lines.pop() ?? '';
    for (const line of lines) yield parseLine(name, line);
    if (rest[name].length > MAX_LINE_BYTES) {
      yield parseLine(name, rest[name]);
      rest[name] = '';
    }
  }
  for (const stream of ['stdout', 'stderr'] as const) {
    if (rest[stream]) yield parseLine(stream, rest[stream]);
  }
}

async function* readTerminalLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<LogLine> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield parseLine('stdout', line);
    if (rest.length > MAX_LINE_BYTES) {
      yield parseLine('stdout', rest);
      rest = '';
    }
  }
  if (rest) yield parseLine('stdout', rest);
}

/** Lines that tell why a container ended. */
const TAIL = 5;
/** Lines that are looked through for the last ones, and the time that this may take: an engine that heeds what it is asked for sends no more than those. */
const MAX_TAIL_READ = 1_000;
const TAIL_MS = 10_000;

/** The last lines of a container for a message; empty when they cannot be read. They are not masked. */
export async function readLogTail(
  engine: Engine,
  inspect: ContainerInspectInfo,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const lines: string[] = [];
  try {
    const stream = await engine.containerLogs(inspect.Id, { tail: TAIL, withinMs: TAIL_MS }, signal);
    let read = 0;
    for await (const { text } of readLogLines(stream, inspect.Config.Tty)) {
      lines.push(text);
      if (lines.length > TAIL) lines.shift();
      read += 1;
      if (read === MAX_TAIL_READ) break;
    }
  } catch (error) {
    signal.throwIfAborted();
    // A log driver that cannot be read from, or a container that has just gone: the reason stands without them.
    if (isReconcilerError(error) && error.code !== 'TARGET_ERROR') throw error;
  }
  return lines;
}

/** Lines as they may be shown in a message. */
export function maskLines(lines: readonly string[], mask: (text: string) => string): readonly string[] {
  return lines.map((line) => mask(line).slice(0, MAX_SHOWN));
}

/** Closes the engine's stream when the reader stops early. */
export async function* closeAfter(stream: Readable, lines: AsyncIterable<LogLine>): AsyncGenerator<LogLine> {
  try {
    yield* lines;
  } finally {
    stream.destroy();
  }
}

function parseLine(stream: 'stdout' | 'stderr', line: string): LogLine {
  const space = line.indexOf(' ');
  const text = space < 0 ? '' : line.slice(space + 1).replace(/\r$/, '');
  return { stream, time: space < 0 ? line : line.slice(0, space), text };
}
