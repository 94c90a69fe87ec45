import { describe, expect, it } from 'vitest';
import type { SyncState } from '../../../reconciler/index.ts';
import { ReconcilerError } from '../../../reconciler/index.ts';
import { planOf, runFakeCli, viewOf, type FakeWorld } from '../../support/cli/cli-harness.ts';

const world = (state: SyncState, reached = true): FakeWorld => ({
  plans: { web: planOf('web') },
  more: {
    hasReached: () => Promise.resolve(reached),
    observe(name) {
      if (name !== 'web') return Promise.reject(new ReconcilerError('UNKNOWN_STACK', `no ${name}`));
      return Promise.resolve(viewOf(name, { state, message: state === 'failed' ? 'it fell over' : null }));
    },
  },
});

describe('wait', () => {
  it('ends with 0 when all is in sync', async () => {
    const run = await runFakeCli(['wait', '--all', '--revision', 'ABCDEF12'], world('in_sync'));
    expect([run.code, run.stdout]).toEqual([0, 'web\tin_sync\t\n']);
  });

  it('ends with 1 when a stack has failed, and says why', async () => {
    const run = await runFakeCli(['wait', 'web'], world('failed'));
    expect([run.code, run.stdout]).toEqual([1, 'web\tfailed\tit fell over\n']);
  });

  it('ends with 124 when the time is over, and says what it waited for', async () => {
    const late = await runFakeCli(['wait', 'web', '--timeout', '10ms'], world('pending'));
    expect(late.code).toBe(124);
    expect(late.stderr).toContain('waiting for web (pending)');
    const away = await runFakeCli(
      ['wait', '--all', '--timeout', '10ms', '--revision', 'abcdef1'],
      world('in_sync', false),
    );
    expect(away.code).toBe(124);
    expect(away.stderr).toContain(
      'timed out: waiting for revision abcdef1; the repository is read at aaaaaaaaaa',
    );
  });

  it('answers one document', async () => {
    const run = await runFakeCli(['wait', 'web', '--json'], world('in_sync'));
    expect(JSON.parse(run.stdout)).toMatchObject({ outcome: 'in_sync', stacks: [{ name: 'web' }] });
  });

  it('wants stacks or all of them, a commit, and names that are known', async () => {
    expect((await runFakeCli(['wait'], world('in_sync'))).stderr).toContain(
      'write wait STACK..., or wait --all',
    );
    const both = await runFakeCli(['wait', 'web', '--all'], world('in_sync'));
    expect(both.stderr).toContain('BAD_OPTIONS');
    const head = await runFakeCli(['wait', 'web', '--revision', 'HEAD'], world('in_sync'));
    expect(head.stderr).toContain('"head" is no commit');
    const slip = await runFakeCli(['wait', 'wbe'], world('in_sync'));
    expect([slip.code, slip.stderr]).toEqual([1, expect.stringContaining('did you mean web?')]);
  });
});
