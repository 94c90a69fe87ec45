import process from 'node:process';
import type { ServerResponse } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { EVENTS_PER_SECOND } from '../../../reconciler/adapters/docker/engine/engine-events.ts';
import { createEngine } from '../../../reconciler/adapters/docker/engine/create-engine.ts';
import type { EngineRequest } from '../../../reconciler/adapters/docker/engine/transport.ts';
import { createAbortScope, untilAborted } from '../../../reconciler/base/abort-scope.ts';
import { createBeginning, parseJsonWithin, readLines } from '../../../reconciler/base/bytes.ts';
import { eventually } from '../../support/eventually.ts';
import { realClock } from '../../support/docker/target-options.ts';
import { measureProcessor } from '../../support/numbers/processor-time.ts';
import {
  hostileEngine,
  inspectedShop,
  resourcesOfShop,
  STACK,
} from '../../support/hostile/hostile-engine.ts';

const { signal } = new AbortController();
const { container } = resourcesOfShop();

/** Sends blocks for as long as anybody reads, and no more than so many bytes. */
function send(response: ServerResponse, block: Buffer, bytes = Number.POSITIVE_INFINITY): void {
  function* blocks() {
    for (let sent = 0; sent < bytes; sent += block.length) yield block;
  }
  pipeline(Readable.from(blocks()), response, () => undefined);
}

async function collect(lines: AsyncIterable<string>): Promise<readonly string[]> {
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

/** A frame of the multiplexed stream, of a program's output. */
function frame(content: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head[0] = 1;
  head.writeUInt32BE(content.length, 4);
  return Buffer.concat([head, content]);
}

it('keeps nothing of the output of a program beyond what it returns', async () => {
  const block = frame(Buffer.alloc(64 * 1024 - 8, 'a'));
  await using engine = await hostileEngine({
    'POST /exec/*/start': (_, response) => send(response, block, 512 * 1024 ** 2),
  });
  const before = process.memoryUsage().arrayBuffers;
  const { stdout } = await engine.target.exec(STACK, container.id, ['yes'], signal);
  expect(stdout.length).toBe(1024 ** 2);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(256 * 1024 ** 2);
});

it('has a beginning in memory of its own, whatever the pieces', () => {
  const beginning = createBeginning(10);
  for (const piece of ['ab', '', 'cdefgh', 'ijkl', 'mn']) beginning.add(Buffer.from(piece));
  expect(beginning.text()).toBe('abcdefghij');
});

it('tells why a container ended, however much it has said', async () => {
  const ended = { Status: 'exited', Running: false, ExitCode: 3 };
  const line = frame(Buffer.from('2026-01-01T00:00:00Z and so on\n'));
  const closed = Promise.withResolvers<void>();
  await using engine = await hostileEngine({
    'GET /containers/*/json': (_, response) => void response.end(JSON.stringify(inspectedShop(ended))),
    'GET /containers/*/logs': (_, response) => {
      response.once('close', () => closed.resolve());
      send(response, line);
    },
  });
  const health = await engine.target.health(STACK, container.id, signal);
  expect(health.reason).toBe(`exited with 3; last output: ${Array(5).fill('and so on').join(' | ')}`);
  await closed.promise;
});

it('gives every stream that a look waits for a deadline for its end', async () => {
  const asked: Pick<EngineRequest, 'path' | 'wholeMs'>[] = [];
  const engine = createEngine({
    address: 'unix:///x',
    local: true,
    json: () => Promise.reject(new Error('not asked')),
    stream: (request) => {
      asked.push(request);
      return Promise.resolve(Readable.from([]));
    },
    close: () => undefined,
  });
  await engine.events({}, signal, { since: 0, until: 1 });
  await engine.getArchive('c', '/run/secrets/a', signal);
  await engine.containerLogs('c', { tail: 5, withinMs: 10 }, signal);
  expect(asked.map(({ path, wholeMs }) => [path, wholeMs !== undefined])).toEqual([
    ['/events', true],
    ['/containers/c/archive', true],
    ['/containers/c/logs', true],
  ]);
});

it('takes a stream that breaks off for an engine that is away', async () => {
  await using engine = await hostileEngine({
    'GET /containers/*/logs': (_, response) => {
      response.write('x');
      setTimeout(() => response.destroy(), 5);
    },
  });
  const reading = (async () => {
    for await (const _ of engine.target.logs(STACK, container.id, { signal })) continue;
  })();
  await expect(reading).rejects.toMatchObject({ code: 'TARGET_UNREACHABLE' });
});

it('puts a line that comes in pieces together once', async () => {
  async function* pieces(count: number) {
    for (let piece = 0; piece < count; piece += 1) yield Buffer.from('0123456789abcdef');
  }
  const timeOf = async (count: number): Promise<number> => {
    const passed = measureProcessor();
    for await (const line of readLines(pieces(count), 64 * 1024 ** 2)) expect(line.length).toBe(16 * count);
    return passed();
  };
  await timeOf(10_000);
  // Pieces that are looked through again with each other one take 64 times as long when they are eight times as many.
  expect(await timeOf(80_000)).toBeLessThan(30 * Math.max(1, await timeOf(10_000)));
});

it('splits lines wherever they are cut', async () => {
  const bytes = Buffer.from('one\ntwö\n\nfour');
  for (let size = 1; size < bytes.length; size += 1) {
    const parts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, part) =>
      bytes.subarray(part * size, (part + 1) * size),
    );
    const lines = await collect(readLines(Readable.from(parts), 10));
    expect(lines).toEqual(['one', 'twö', '', 'four']);
  }
  await expect(collect(readLines(Readable.from([bytes]), 2))).rejects.toThrow('longer than');
});

it('parses no JSON that is small as a text, and large as values', () => {
  expect(parseJsonWithin('{"a":["[,{",1]}', 10)).toEqual({ a: ['[,{', 1] });
  expect(() => parseJsonWithin(`[${'{},'.repeat(1_000)}0]`, 1_000)).toThrow('more than 1000 values');
  expect(() => parseJsonWithin('['.repeat(300), 1_000)).toThrow('nested too deeply');
  expect(() => parseJsonWithin('[', 10)).toThrow(SyntaxError);
});

it('takes in the events of an engine no faster than it must, and passes over what is none', async () => {
  let sent = 0;
  function* events() {
    for (;;) {
      const Attributes = { 'io.kombinator.stack': `s${sent}` };
      const event = { Type: 'container', Action: 'start', Actor: { ID: `c${sent}`, Attributes } };
      sent += 1;
      yield Buffer.from(`${JSON.stringify(event)}\n${'x'.repeat(100)}\n{"Type":{},"Actor":[]}\nnull\n`);
    }
  }
  const asleep = createAbortScope({ signals: [] });
  await using engine = await hostileEngine(
    { 'GET /events': (_, response) => pipeline(Readable.from(events()), response, () => undefined) },
    { ...realClock, elapsed: () => 0, sleep: () => untilAborted(Promise.race([]), asleep.signal) },
  );
  const stop = new AbortController();
  const heard: (string | null)[] = [];
  const watching = engine.target.watch((stack) => void heard.push(stack), stop.signal);
  await eventually(
    () => heard.length,
    (count) => count >= EVENTS_PER_SECOND,
  );
  const waited = heard.length;
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect([waited, heard.length, heard.at(-1)]).toEqual([
    EVENTS_PER_SECOND,
    EVENTS_PER_SECOND,
    `s${EVENTS_PER_SECOND - 1}`,
  ]);
  stop.abort();
  asleep.abort(new Error('enough'));
  await watching;
});
