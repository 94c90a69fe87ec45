import { expect, it } from 'vitest';
import { createLocalSession } from '../../../api/cli/session/local-session.ts';
import { runCli } from '../../../api/cli/main.ts';
import { manualInterrupt, recordTerminal, runFakeCli, viewOf } from '../../support/cli/cli-harness.ts';
import { createRig, file, stack } from '../../support/reconciler-rig.ts';
import type { Rig } from '../../support/reconciler-rig.ts';

const HOUR_MS = 3_600_000;

async function statusOf(rig: Rig, ...argv: readonly string[]): Promise<string> {
  const terminal = recordTerminal();
  const actor = { name: 'me', email: 'me@example.org' };
  await runCli(['status', ...argv], {
    terminal,
    interrupt: manualInterrupt(),
    version: '1.2.3',
    now: Date.now,
    openSession: async () => createLocalSession({ reconciler: rig.reconciler, actor, close: async () => {} }),
    openKeys: () => Promise.reject(new Error('no keys here')),
    serve: () => Promise.reject(new Error('no daemon here')),
  });
  return terminal.stdout();
}

it('status names the image that runs, where the described one could not be had', async () => {
  await using rig = createRig();
  rig.source.push({ [file('shop')]: stack('shop', { web: 'image: "nginx:1.28"' }) });
  await rig.reconciler.start();
  await rig.reaches('shop', 'in_sync');
  rig.source.push({ [file('shop')]: stack('shop', { web: 'image: "nowhere:2"' }) });
  await rig.reaches('shop', 'failed');
  expect(await statusOf(rig, '--stack', 'shop')).toContain(
    'web\thealthy\tlocal\tnowhere:2 (runs nginx:1.28)\t',
  );
  const { stacks } = JSON.parse(await statusOf(rig, '--stack', 'shop', '--json'));
  expect(stacks[0].services).toMatchObject([{ image: 'nowhere:2', running: 'nginx:1.28' }]);
});

it('status and the log say that a push waits for a freeze window, which one, and until when', async () => {
  const reason = 'frozen until 2026-12-24 18:00 UTC (holidays)';
  const freeze = { at: (_: string, now: number) => ({ reason, until: now + HOUR_MS }) };
  await using rig = createRig({ freeze });
  rig.source.push({ [file('fro')]: stack('fro', { web: 'image: "nginx:1.28"' }) });
  await rig.reconciler.start();
  expect((await rig.reaches('fro', 'pending')).message).not.toBeNull();
  await expect.poll(() => rig.reconciler.getStack('fro').message).toBe(reason);
  expect(await statusOf(rig)).toBe(`fro\tpending\t0/1\t-\t-\t${reason}\n`);
  const waits = rig.logger.lines.find(({ message }) => message === 'a stack waits');
  expect(waits?.data).toMatchObject({ stack: 'fro', hold: 'frozen', reason });
  expect(rig.reconciler.countHolds()).toEqual(new Map([['frozen', 1]]));
});

it('times are how long ago on a terminal, and ISO 8601 elsewhere', async () => {
  const deployment = {
    number: 3,
    tag: 'deploy/web/3',
    revision: 'a'.repeat(40),
    time: '2026-01-01T00:00:00Z',
    author: null,
    jobId: null,
    summary: '',
  };
  const world = {
    plans: {},
    more: { stackNames: () => ['web'], observe: async () => viewOf('web', { deployment }) },
  };
  const shown = async (isTerminal: boolean, ...argv: string[]) =>
    (await runFakeCli(['status', '--no-color', ...argv], world, { isTerminal, columns: 100 })).stdout;
  expect(await shown(false)).toContain('\tdeploy/web/3 2026-01-01T00:00:00Z\t');
  expect(await shown(true)).toMatch(/#3 5 min ago$/m);
  expect(await shown(false, '--stack', 'web')).toContain('aaaaaaaaaa, 2026-01-01T00:00:00Z');
  expect(await shown(true, '--stack', 'web')).toContain('aaaaaaaaaa, 5 min ago');
});

it('errors and remarks are broken between words on a terminal', async () => {
  const world = {
    plans: { web: new Error('the engine of the machine in the cellar does not answer at the moment') },
  };
  const { stderr } = await runFakeCli(['plan', '--no-color'], world, { isTerminal: true, columns: 40 });
  expect(Math.max(...stderr.split('\n').map((line) => line.length))).toBeLessThanOrEqual(40);
  expect(stderr).toContain('the engine of the');
});
