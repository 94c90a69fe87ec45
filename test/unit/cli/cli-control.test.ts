import { describe, expect, it } from 'vitest';
import type { Reconciler } from '../../../reconciler/index.ts';
import { ReconcilerError } from '../../../reconciler/index.ts';
import { changingPlan, jobOf, planOf, runFakeCli, type FakeWorld } from '../../support/cli/cli-harness.ts';

const changed: FakeWorld = { plans: { web: changingPlan('web'), db: planOf('db') } };
const unreachable = new ReconcilerError('TARGET_UNREACHABLE', 'edge-1 does not answer', { retryable: true });
const broken: FakeWorld = { plans: { web: changingPlan('web'), edge: unreachable } };

describe('stop, start and restart', () => {
  const world = (changes: Parameters<typeof jobOf>[1] = {}): FakeWorld & { readonly asked: unknown[] } => {
    const asked: unknown[] = [];
    const control: Reconciler['control'] = (request) => {
      asked.push(request);
      if (request.stack === 'nope') throw new ReconcilerError('UNKNOWN_STACK', 'there is no stack nope');
      return jobOf(request.stack, { type: request.action, status: 'queued' });
    };
    return { ...changed, jobs: { db: changes }, more: { control }, asked };
  };

  it('acts on one stack after the other, and tells that a daemon elsewhere does not know of it', async () => {
    const fine = world();
    const run = await runFakeCli(['stop', 'web', 'db', 'web'], fine);
    expect([run.code, run.stdout]).toEqual([0, expect.stringContaining('✓ web stopped\n✓ db stopped')]);
    expect(run.stderr).toContain('a daemon that runs elsewhere starts it again');
    expect(fine.asked).toMatchObject([
      { stack: 'web', action: 'stop', trigger: 'cli', actor: { name: 'me' } },
      { stack: 'db', action: 'stop' },
    ]);
  });

  it('goes on after a failure, and ends with 1', async () => {
    const error = { code: 'TARGET_ERROR', message: 'device busy', retryable: false };
    const run = await runFakeCli(['restart', 'nope', 'db', 'web'], world({ status: 'failed', error }));
    expect(run.code).toBe(1);
    expect(run.stdout).toContain('✗ db not restarted: device busy [TARGET_ERROR]\n✓ web restarted');
    expect(run.stdout).toContain('nope: unknown stack "nope"');
  });

  it('answers one document', async () => {
    const run = await runFakeCli(['start', 'web', '--json'], world());
    expect(JSON.parse(run.stdout)).toMatchObject({
      ok: true,
      jobs: [{ job: { stack: 'web' } }],
      failures: [],
    });
  });
});

describe('destroying several', () => {
  it('takes several out of the repository together, and tells of each how it went', async () => {
    const asked: unknown[] = [];
    const error = { code: 'TARGET_ERROR', message: 'device busy' };
    const world: FakeWorld = {
      ...changed,
      more: {
        deleteStacks(request) {
          asked.push(request);
          const done = [
            { stack: 'web', job: jobOf('web'), error: null },
            { stack: 'db', job: null, error },
          ];
          return Promise.resolve({
            commit: 'c'.repeat(40),
            order: ['web', 'db'],
            done: Promise.resolve(done),
          });
        },
      },
    };
    const argv = ['destroy', '--stack', 'web', '--stack', 'db', '--stack', 'web'];

    const refused = await runFakeCli(argv, world);
    const plain = await runFakeCli([...argv, '--yes'], world);
    const json = await runFakeCli([...argv, '--yes', '--json'], world);

    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining('destroying web, db, web needs a yes'),
    ]);
    expect(asked).toHaveLength(2);
    expect(asked[0]).toMatchObject({ stacks: ['db', 'web'], volumes: false, actor: { name: 'me' } });
    expect(plain.code).toBe(1);
    expect(plain.stdout).toContain(
      '✓ no longer described: commit cccccccccc\n✓ web destroyed\n✗ db failed: device busy [TARGET_ERROR]',
    );
    expect(JSON.parse(json.stdout)).toEqual({
      ok: false,
      commit: 'c'.repeat(40),
      stacks: [
        { stack: 'web', jobId: 'job_web', error: null },
        { stack: 'db', jobId: null, error },
      ],
    });
  });

  it('deletes nothing when one of several cannot be planned', async () => {
    const run = await runFakeCli(['destroy', '--stack', 'web', '--stack', 'edge', '--yes'], broken);
    expect([run.code, run.applied]).toEqual([1, []]);
    expect(run.stderr).toContain('edge-1 does not answer');
  });
});
