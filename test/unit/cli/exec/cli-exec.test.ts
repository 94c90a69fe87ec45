import { describe, expect, it } from 'vitest';
import type { SessionRequest } from '../../../../reconciler/index.ts';
import { ReconcilerError } from '../../../../reconciler/index.ts';
import { createRemoteSession } from '../../../../api/cli/remote/remote-session.ts';
import { joinSession } from '../../../../api/operations/sessions/join-session.ts';
import { KEYS, startApiServer } from '../../../support/api/api-server.ts';
import { planOf, runFakeCli, viewOf } from '../../../support/cli/cli-harness.ts';
import { createMemorySession } from '../../../support/cli/memory-session.ts';

function world(asked: SessionRequest[]) {
  return {
    plans: { shop: planOf('shop') },
    more: {
      observe: async () => viewOf('shop'),
      async openSession(_: string, service: string, request: SessionRequest) {
        asked.push(request);
        if (service === 'db') throw new ReconcilerError('BAD_OPTIONS', 'shop has no service db; it has: web');
        return createMemorySession(
          { exitCode: 3, stdout: 'out\n', stderr: 'err\n' },
          request.argv,
          request.signal,
        );
      },
    },
  };
}

describe('kombinator exec', () => {
  it('runs a program, hands input on, and ends with its exit code', async () => {
    const asked: SessionRequest[] = [];
    const argv = ['exec', 'shop', 'web', '--container', 'web#2', '--', 'cat', '-n', '--json'];
    const run = await runFakeCli(argv, world(asked), { input: 'typed\n' });
    expect(run).toMatchObject({ code: 3, stdout: 'typed\nout\n', stderr: 'err\n' });
    expect(asked).toMatchObject([
      { argv: ['cat', '-n', '--json'], tty: false, container: 'web#2', via: 'cli', actor: { name: 'me' } },
    ]);
  });

  it('has a terminal where there is one, unless told otherwise, and a shell where no program is named', async () => {
    const asked: SessionRequest[] = [];
    await runFakeCli(['exec', 'shop', 'web'], world(asked), { isTerminal: true });
    await runFakeCli(['exec', '--no-tty', 'shop', 'web'], world(asked), { isTerminal: true });
    expect(asked.map(({ tty, argv }) => [tty, argv])).toEqual([
      [true, ['sh']],
      [false, ['sh']],
    ]);
  });

  it('says what there is not', async () => {
    const run = await runFakeCli(['exec', 'shop', 'db', '--', 'sh'], world([]));
    expect(run).toMatchObject({ code: 1, stderr: expect.stringContaining('it has: web') as string });
  });
});

async function serveHomelab() {
  const server = await startApiServer();
  const actor = { name: 'Ada', email: 'ada@example.org' };
  const document = { services: ['web', 'db'] };
  await server.reconciler.createStack('homelab', document, actor, new AbortController().signal);
  return server;
}

describe('kombinator exec --server', () => {
  it('runs it by way of a daemon', async () => {
    await using server = await serveHomelab();
    await using session = createRemoteSession({ url: server.url, apiKey: KEYS.admin });
    const { signal } = new AbortController();
    await using program = await session.exec('homelab', 'web', { argv: ['cat', 'x'], signal });
    const printed: string[] = [];
    async function* input() {
      yield { kind: 'input', bytes: Buffer.alloc(100_000, 'a') } as const;
      yield { kind: 'end' } as const;
    }
    const code = await joinSession(program, {
      input: input(),
      onOutput: async (stream, bytes) => void printed.push(`${stream} ${bytes.byteLength}`),
    });
    expect(code).toBe(3);
    // Frames of 64 KiB and more would be refused.
    expect(printed).toEqual(['stdout 32768', 'stdout 32768', 'stdout 32768', 'stdout 1696', 'stdout 6']);
  });

  it('tells what the daemon says', async () => {
    await using server = await serveHomelab();
    const { signal } = new AbortController();
    const open = (apiKey: string, service: string) =>
      createRemoteSession({ url: server.url, apiKey }).exec('homelab', service, { argv: ['sh'], signal });
    await expect(open(KEYS.deployer, 'web')).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(open(KEYS.admin, 'nothing')).rejects.toMatchObject({ code: 'UNKNOWN_SERVICE' });
    await expect(open(KEYS.admin, 'db')).rejects.toMatchObject({
      code: 'TARGET_ERROR',
      message: 'nothing runs in homelab/db',
    });
  });

  it('ends when it is told to', async () => {
    await using server = await serveHomelab();
    const session = createRemoteSession({ url: server.url, apiKey: KEYS.admin });
    const ending = new AbortController();
    await using program = await session.exec('homelab', 'web', { argv: ['cat'], signal: ending.signal });
    ending.abort(new Error('enough'));
    await expect(program.exitCode).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' });
  });
});
