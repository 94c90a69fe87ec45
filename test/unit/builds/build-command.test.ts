import { describe, expect, it } from 'vitest';
import type { BuildEvent, BuildRecord, Reconciler } from '../../../reconciler/index.ts';
import type { FakeWorld } from '../../support/cli/cli-harness.ts';
import { manualInterrupt, runFakeCli } from '../../support/cli/cli-harness.ts';
import { buildBuild, buildBuildLog } from '../../support/records.ts';

const ARGV = ['build', 'https://git.example.org/app', '--registry', 'hub', '--image', 'app'];
const running = buildBuild(1, { status: 'building', stage: 'Building image', progress: 30 });
const done = buildBuild(1, { status: 'completed', digest: 'sha256:abc' });

interface Asked {
  readonly started: unknown[];
  readonly cancelled: string[];
}

/** Plays the events of a build; the last of them waits until it is called off where there is none. */
function play(events: readonly BuildEvent[]): FakeWorld & Asked {
  const asked: Asked = { started: [], cancelled: [] };
  const off = Promise.withResolvers<void>();
  const more: Partial<Reconciler> = {
    listRegistries: () =>
      [{ id: 'f'.repeat(24), name: 'hub' }] as unknown as ReturnType<Reconciler['listRegistries']>,
    startBuild: async (build) => {
      asked.started.push(build);
      return running;
    },
    async *followBuild() {
      yield* events;
      if (events.at(-1)?.type === 'end') return;
      await off.promise;
      yield { type: 'end', build: { ...running, status: 'cancelled' } };
    },
    cancelBuild: async (id): Promise<BuildRecord> => {
      asked.cancelled.push(id);
      off.resolve();
      return running;
    },
  };
  return { plans: {}, more, ...asked };
}

const line = (message: string): BuildEvent => ({ type: 'log', log: { ...buildBuildLog(1), message } });

describe('kombinator build', () => {
  it('prints what the build prints and how far it is, and the image in the end', async () => {
    const events: BuildEvent[] = [
      { type: 'progress', build: running },
      line('hello \u001b[2J'),
      { type: 'end', build: done },
    ];
    const world = play(events);
    const more = [
      '--tag',
      '2',
      '--source-branch',
      'dev',
      '--context',
      'web',
      '--dockerfile',
      'D',
      '--workflow',
      'shop',
    ];
    const argv = [...ARGV, ...more, '--build-arg', 'A=b=c', '--build-arg', 'FROM_ENV'];
    const run = await runFakeCli(argv, world, { env: { FROM_ENV: 'value' } });
    expect(run.stdout).toBe(
      'Building image (30 %)\nhello \\x1b[2J\n✓ hub.example.org/app:latest sha256:abc\n',
    );
    expect(run.code).toBe(0);
    expect(world.started).toEqual([
      {
        repository: 'https://git.example.org/app',
        registry: 'f'.repeat(24),
        imageName: 'app',
        tag: '2',
        branch: 'dev',
        context: 'web',
        dockerfile: 'D',
        stack: 'shop',
        args: { A: 'b=c', FROM_ENV: 'value' },
      },
    ]);
  });

  it('answers one document, with the lines on stderr', async () => {
    const run = await runFakeCli([...ARGV, '--json'], play([line('hello'), { type: 'end', build: done }]));
    expect(JSON.parse(run.stdout)).toEqual({
      id: running.id,
      status: 'completed',
      image: done.image,
      digest: 'sha256:abc',
    });
    expect(run.stderr).toContain('hello');
  });

  it('ends with 1 and the reason when the build fails', async () => {
    const failed = { ...running, status: 'failed', error: 'exit code: 1' } as const;
    const run = await runFakeCli(ARGV, play([{ type: 'end', build: failed }]));
    expect([run.code, run.stdout]).toEqual([1, '✗ the build failed: exit code: 1\n']);
  });

  it('calls the build off with Ctrl-C', async () => {
    const interrupt = manualInterrupt();
    const world = play([{ type: 'progress', build: running }]);
    const ending = runFakeCli(ARGV, world, { interrupt });
    await new Promise((resolve) => setTimeout(resolve, 20));
    interrupt.press();
    const run = await ending;
    expect([run.code, run.stdout]).toEqual([130, 'Building image (30 %)\n✗ the build is called off\n']);
    expect(world.cancelled).toEqual([running.id]);
  });

  it.each([
    [['build', 'https://h/x', '--image', 'app'], '--registry'],
    [[...ARGV.slice(0, 3), 'other', '--image', 'app'], 'there is no registry other; there are: hub'],
    [[...ARGV, '--build-arg', 'UNSET'], '--build-arg UNSET: it has no value'],
  ])('%j is wrong', async (argv, text) => {
    const run = await runFakeCli(argv, play([]));
    expect(run.code).toBe(1);
    expect(run.stderr).toContain(text);
  });
});
