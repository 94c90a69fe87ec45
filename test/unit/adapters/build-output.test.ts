import { describe, expect, it } from 'vitest';
import type { BuildLine } from '../../../reconciler/adapters/docker/images/build-line.ts';
import { BuildFailure, readBuildOutput } from '../../../reconciler/adapters/docker/images/build-output.ts';
import { openBuildSession } from '../../../reconciler/adapters/docker/images/build-session.ts';
import { codec } from '../../../reconciler/adapters/docker/images/buildkit-messages.ts';
import type { Transport } from '../../../reconciler/adapters/docker/engine/transport.ts';

const status = codec<object>('StatusResponse');
const trace = (value: object) =>
  JSON.stringify({ id: 'moby.buildkit.trace', aux: status.write(value).toString('base64') });
const begin = (digest: string, name: string, more: object = {}) =>
  trace({ vertexes: [{ digest, name, started: { seconds: 1 }, ...more }] });
const print = (vertex: string, text: string) => trace({ logs: [{ vertex, msg: Buffer.from(text) }] });

/** A secret longer than a line that is shown. */
const LONG = `key-${'0123456789'.repeat(60)}`;
const mask = (text: string) => text.replaceAll(LONG, '***').replaceAll('pässword', '***');

async function read(...lines: readonly string[]) {
  const found: BuildLine[] = [];
  try {
    // Cut anywhere: the engine's chunks are no lines.
    const bytes = Buffer.from(`${lines.join('\n')}\n`);
    const chunks = [bytes.subarray(0, 11), bytes.subarray(11)];
    for await (const line of readBuildOutput(
      (async function* () {
        yield* chunks;
      })(),
      mask,
    ))
      found.push(line);
    return { lines: found, failure: null };
  } catch (failure) {
    if (!(failure instanceof BuildFailure)) throw failure;
    return { lines: found, failure };
  }
}

describe('secrets in the output of a build', () => {
  const plain = (text: string) => JSON.stringify({ stream: text });
  const halves = [Buffer.from('my pässword').subarray(0, 5), Buffer.from('my pässword\n').subarray(5)];
  const bytes = (msg: Uint8Array) => trace({ logs: [{ vertex: 'c', msg }] });
  it.each([
    { where: 'that a line is cut in', lines: [plain(`is ${LONG}\n`)], shown: 'is ***' },
    { where: 'over the end of a line', lines: [plain(`${' -'.repeat(240)} ${LONG}\n`)], shown: '***' },
    { where: 'of BuildKit', lines: [begin('c', '[1/1] RUN x'), print('c', `is ${LONG}\n`)], shown: 'is ***' },
    { where: 'in two parts', lines: [begin('c', '[1/1] RUN x'), ...halves.map(bytes)], shown: 'my ***' },
  ])('are taken out: one $where', async ({ lines, shown }) => {
    const { lines: told } = await read(...lines);
    expect(told.at(-1)?.text).toContain(shown);
    expect(JSON.stringify(told)).not.toContain('key-0');
  });

  it.each([
    ['of the engine', (text: string) => plain(text)],
    ['of BuildKit', (text: string) => print('c', text)],
  ])(
    'a line without an end %s is kept no longer than the longest of them',
    async (_, say) => {
      const part = 'x'.repeat(50_000);
      const { lines } = await read(...Array.from({ length: 400 }, () => say(part)), say(`${LONG}\nnext\n`));
      expect(lines.map(({ text }) => text)).toEqual(['x'.repeat(500), 'next']);
    },
    20_000,
  );
});

describe('the output of a build with BuildKit', () => {
  it('is told step by step, without what the builder does for itself', async () => {
    const { lines } = await read(
      begin('a', '[internal] load metadata for docker.io/library/base'),
      trace({ vertexes: [{ digest: 'b', name: '[build 1/2] FROM base' }] }),
      begin('b', '[build 1/2] FROM base', { completed: { seconds: 2 }, cached: true }),
      begin('c', '[build 2/2] RUN make'),
      begin('c', '[build 2/2] RUN make', { completed: { seconds: 3 } }),
      print('c', 'one\ntw'),
      print('c', 'o\n\n'),
      trace({ warnings: [{ short: Buffer.from('lower case') }] }),
      begin('d', 'exporting to image'),
      JSON.stringify({ stream: 'Successfully tagged shop-web:1\n' }),
    );
    expect(lines).toEqual([
      { text: '[build 1/2] FROM base (unchanged)', step: 'build 1/2' },
      { text: '[build 2/2] RUN make', step: 'build 2/2' },
      { text: 'one', step: null },
      { text: 'two', step: null },
      { text: 'warning: lower case', step: null },
      { text: 'exporting to image', step: null },
      { text: 'Successfully tagged shop-web:1', step: null },
    ]);
  });

  it('names the step that failed, with its own last words, among those that ran beside it', async () => {
    const { failure } = await read(
      begin('a', '[one 2/3] RUN slow'),
      begin('b', '[two 2/2] RUN broken'),
      print('b', 'no such\nfile'),
      print('a', 'still at it\n'),
      begin('a', '[one 2/3] RUN slow', { error: 'context canceled' }),
      begin('b', '[two 2/2] RUN broken', { error: 'exit code: 2' }),
      JSON.stringify({ error: 'x', errorDetail: { message: 'failed to solve: exit code: 2' } }),
    );
    expect(failure).toMatchObject({
      message: 'failed to solve: exit code: 2',
      step: 'two 2/2 : RUN broken',
      lines: ['no such', 'file'],
    });
  });

  it('names none when it fails before the first step', async () => {
    const { failure } = await read(
      begin('a', '[internal] load build definition'),
      JSON.stringify({ error: 'dockerfile parse error line 5: unknown instruction: ECHO' }),
    );
    expect(failure).toMatchObject({ step: null, lines: [] });
  });
});

describe('a build session', () => {
  const transport = (status: number) => {
    const refused = Object.assign(new Error('page not found'), { statusCode: status });
    return { stream: () => Promise.reject(refused) } as unknown as Transport;
  };
  const needs = { registries: [], secrets: new Map() };
  const signal = new AbortController().signal;

  it.each([404, 405])('is none on an engine that knows no sessions (%i)', async (status) => {
    expect(await openBuildSession(transport(status), needs, signal)).toBe(null);
  });

  it('fails as the engine does', async () => {
    await expect(openBuildSession(transport(500), needs, signal)).rejects.toThrow('page not found');
  });
});
