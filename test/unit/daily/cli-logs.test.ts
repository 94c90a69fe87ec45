import { describe, expect, it } from 'vitest';
import type { LogOptions, Reconciler, ServiceStatus } from '../../../reconciler/index.ts';
import { ReconcilerError } from '../../../reconciler/index.ts';
import { planOf, runFakeCli, viewOf, type FakeWorld } from '../../support/cli/cli-harness.ts';

const service = (name: string) => ({ name, health: 'healthy' }) as ServiceStatus;
const view = viewOf('shop', { services: ['web', 'worker'].map(service) });

function world(asked: LogOptions[] = [], failing = ''): FakeWorld {
  const logs: Reconciler['logs'] = async function* (_, name, options) {
    asked.push(options);
    if (name === failing) throw new ReconcilerError('TARGET_ERROR', `${name} has no container`);
    const second = name === 'web' ? 1 : 2;
    yield { stream: 'stdout', time: `2026-01-01T00:00:0${second}Z`, text: `${name} is up` };
    yield { stream: 'stderr', time: `2026-01-01T00:00:0${second + 2}Z`, text: `${name} warns` };
  };
  return {
    plans: { shop: planOf('shop') },
    more: { logs, observe: () => Promise.resolve(view), getStack: () => view },
  };
}

describe('logs of a stack', () => {
  it('has those of all services, oldest first, and says whose each line is', async () => {
    const run = await runFakeCli(['logs', 'shop'], world());
    expect([run.code, run.stdout, run.stderr]).toEqual([
      0,
      'web    | web is up\nworker | worker is up\n',
      'web    | web warns\nworker | worker warns\n',
    ]);
  });

  it('passes on how much is wanted, and of which run', async () => {
    const asked: LogOptions[] = [];
    await runFakeCli(
      ['logs', 'shop', 'web', 'worker', '--previous', '--tail', '3', '--since', '1m'],
      world(asked),
    );
    const since = new Date('2026-01-01T00:04:00Z');
    expect(asked).toMatchObject([
      { previous: true, tail: 3, since },
      { previous: true, tail: 3, since },
    ]);
    const alone: LogOptions[] = [];
    const run = await runFakeCli(['logs', 'shop', 'web', '--previous'], world(alone));
    expect([run.stdout, alone]).toMatchObject(['web is up\n', [{ previous: true, follow: false }]]);
  });

  it('ends with 1 when a service cannot be read, after the lines of the others', async () => {
    const run = await runFakeCli(['logs', 'shop'], world([], 'worker'));
    expect([run.code, run.stdout]).toEqual([1, 'web    | web is up\n']);
    expect(run.stderr).toContain('worker | cannot be read: worker has no container');
  });

  it('writes a document for each line', async () => {
    const run = await runFakeCli(['logs', 'shop', '--json'], world());
    const lines = run.stdout.trim().split('\n');
    expect(lines).toHaveLength(4);
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({ service: 'worker', text: 'worker is up' });
  });

  it('refuses what makes no sense, and what is not there', async () => {
    const both = await runFakeCli(['logs', 'shop', '--follow', '--previous'], world());
    expect([both.code, both.stderr]).toEqual([1, expect.stringContaining('leave --follow out')]);
    const unknown = await runFakeCli(['logs', 'shop', 'web', 'db'], world());
    expect(unknown.stderr).toContain('shop has no service db; it has: web, worker');
  });
});
