import { expect, it } from 'vitest';
import type { ExecSession } from '../../../../reconciler/index.ts';
import { ReconcilerError } from '../../../../reconciler/index.ts';
import { createSqliteStore } from '../../../../reconciler/adapters/sqlite/sqlite-store.ts';
import { createSessionKeeper } from '../../../../reconciler/run/sessions/session-keeper.ts';
import { createFastClock } from '../../../support/fakes/fast-clock.ts';
import { createQuietLogger } from '../../../support/fakes/quiet-logger.ts';

/** A program that ends when it is told to, or with its signal. */
function openProgram(signal: AbortSignal) {
  const exit = Promise.withResolvers<number>();
  exit.promise.catch(() => undefined);
  signal.addEventListener('abort', () => exit.reject(signal.reason));
  async function* output(): AsyncGenerator<{ stream: 'stdout'; bytes: Uint8Array }> {
    await exit.promise.catch(() => undefined);
    yield { stream: 'stdout', bytes: Buffer.from('bye') };
  }
  const session: ExecSession = {
    output: output(),
    exitCode: exit.promise,
    write: () => undefined,
    drained: async () => undefined,
    end: () => undefined,
    resize: async () => undefined,
    async [Symbol.asyncDispose]() {},
  };
  return { session, end: exit.resolve };
}

function createRig({ idleMs }: { readonly idleMs?: number } = {}) {
  const clock = createFastClock();
  const store = createSqliteStore({ path: ':memory:', clock });
  const keeper = createSessionKeeper({ store, clock, logger: createQuietLogger(), idleMs });
  const open = (caller: string, signal = new AbortController().signal) => {
    const actor = { name: caller, email: `${caller}@example.org` };
    return keeper.open('stack/shop/web', { argv: ['sh'], actor, via: 'api', signal }, async (both) => {
      const { session } = openProgram(both);
      return session;
    });
  };
  return { store, keeper, open };
}

it('lets one caller have sixteen sessions, and all together sixty-four', async () => {
  const { open } = createRig();
  const mine = await Promise.all(Array.from({ length: 16 }, () => open('ada')));
  await expect(open('ada')).rejects.toMatchObject({ code: 'TOO_MANY_SESSIONS', retryable: true });
  for (const other of ['bea', 'cid', 'dan']) await Promise.all(Array.from({ length: 16 }, () => open(other)));
  await expect(open('eve')).rejects.toMatchObject({ code: 'TOO_MANY_SESSIONS' });
  await mine[0]?.[Symbol.asyncDispose]();
  await using again = await open('eve');
  expect(again).toBeDefined();
});

it('ends a session in which nothing happens, and says so', async () => {
  const { open, store } = createRig({ idleMs: 30 });
  await using session = await open('ada');
  await expect(session.exitCode).rejects.toMatchObject({
    code: 'CANCELLED',
    message: 'nothing was typed or printed for 30 ms',
  });
  expect(store.listAccesses(1)).toMatchObject([{ outcome: 'idle', program: 'sh' }]);
});

it('tells an end once: of the program, of the caller, of the connection', async () => {
  const { open, keeper, store } = createRig();
  const caller = new AbortController();
  const closed = await open('ada', caller.signal);
  caller.abort(new Error('gone'));
  await expect(closed.exitCode).rejects.toThrow('gone');
  await closed[Symbol.asyncDispose]();
  const actor = { name: 'bea', email: 'bea@example.org' };
  const request = { argv: ['sh'], actor, via: 'cli', signal: new AbortController().signal } as const;
  let end: (code: number) => void = () => undefined;
  const ended = await keeper.open('stack/shop/web', request, async (signal) => {
    const program = openProgram(signal);
    end = program.end;
    return program.session;
  });
  end(7);
  expect(await ended.exitCode).toBe(7);
  await ended[Symbol.asyncDispose]();
  const failing = keeper.open('stack/shop/web', request, async () => {
    throw new ReconcilerError('TARGET_ERROR', 'web has no running container');
  });
  await expect(failing).rejects.toMatchObject({ code: 'TARGET_ERROR' });
  expect(store.listAccesses(3).map(({ outcome, endedAt }) => [outcome, endedAt !== null])).toEqual([
    ['failed: web has no running container', true],
    ['exit 7', true],
    ['closed', true],
  ]);
});

it('runs nothing that cannot be recorded', async () => {
  const { keeper, store } = createRig();
  store[Symbol.dispose]();
  const actor = { name: 'ada', email: 'ada@example.org' };
  let isRun = false;
  const opening = keeper.open(
    'stack/shop/web',
    { argv: ['sh'], actor, via: 'api', signal: new AbortController().signal },
    async (signal) => {
      isRun = true;
      return openProgram(signal).session;
    },
  );
  await expect(opening).rejects.toThrow();
  expect(isRun).toBe(false);
});

it('hands nothing on after the end of the input, which a stream would fail at', async () => {
  const { keeper } = createRig();
  const taken: string[] = [];
  const { signal } = new AbortController();
  const actor = { name: 'ada', email: 'ada@example.org' };
  const request = { argv: ['cat'], actor, via: 'api', signal } as const;
  await using session = await keeper.open('stack/shop/web', request, async (both) => ({
    ...openProgram(both).session,
    write: (bytes) => void taken.push(Buffer.from(bytes).toString()),
    end: () => void taken.push('end'),
  }));
  session.write(Buffer.from('one'));
  session.end();
  session.write(Buffer.from('two'));
  session.end();
  expect(taken).toEqual(['one', 'end']);
});
