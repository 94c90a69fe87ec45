import { describe, expect, it } from 'vitest';
import { createDesiredFixture } from '../../support/desired-fixtures.ts';
import { systemClock } from '../../../reconciler/daemon/system-clock.ts';
import { createFastClock } from '../../support/fakes/fast-clock.ts';
import { container, createRig, file, stack } from '../../support/reconciler-rig.ts';

const WEB = { web: 'image: "nginx:1.29"' };
const NEW = { web: 'image: "nginx:1.28"' };
const hooks = (text: string) => `hooks:\n  image: tools:1\n${text.replace(/^/gm, '  ')}\n`;
const ran = (log: readonly string[]) => log.filter((line) => /^(run|create|delete) /.test(line));

describe('hooks', () => {
  it('run once for each deployment, in order, with their output in the job', async () => {
    await using rig = createRig();
    const all = hooks(
      'post_deploy: [echo bye]\npre_deploy: [{ name: migrate, service: web, command: [echo, hi] }, echo two]\npre_validate: [echo zero]',
    );
    rig.source.push({ [file('shop')]: stack('shop', WEB, all) });
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    const { control } = rig.engine();
    expect(ran(control.log)).toEqual([
      'run shop-hook-pre_validate-1',
      'run shop-hook-pre_deploy-migrate',
      'run shop-hook-pre_deploy-2',
      'create local/network/default',
      'create local/container/web',
      'run shop-hook-post_deploy-1',
    ]);
    const [job] = await rig.ended('shop', 1);
    const logs = rig.reconciler.getJob(job?.id ?? '').logs.filter(({ step }) => step === 'post_deploy 1');
    expect(logs.map(({ message }) => message)).toEqual(['runs on local', 'bye', 'completed']);
    // Drift is repaired without them, and a change of a hook alone deploys nothing.
    control.stop('shop', container('web'));
    await rig.ended('shop', 2);
    await rig.reaches('shop', 'in_sync');
    rig.source.push({ [file('shop')]: stack('shop', WEB, hooks('pre_deploy: [echo other]')) });
    await rig.reaches('shop', 'in_sync');
    expect(ran(control.log)).toHaveLength(6);
  });

  it('before the deployment: a failure leaves everything as it was and holds the description', async () => {
    await using rig = createRig();
    rig.source.push({ [file('shop')]: stack('shop', WEB) });
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    rig.source.push({
      [file('shop')]: stack('shop', NEW, hooks('pre_deploy: ["echo no; exit 3", echo never]')),
    });
    const view = await rig.reaches('shop', 'failed');
    expect(view.message).toBe('hook pre_deploy 1 ended with 3');
    const { control } = rig.engine();
    expect(control.find('shop', container('web'))?.spec['image']).toBe('nginx:1.29');
    expect((await rig.ended('shop', 2))[0]).toMatchObject({
      status: 'failed',
      error: { code: 'HOOK_FAILED' },
      tag: null,
    });
    control.emit(null);
    rig.source.push({ [file('shop')]: stack('shop', NEW, hooks('pre_deploy: [echo yes]')) });
    expect((await rig.apply('shop')).job.status).toBe('completed');
    expect(control.log.filter((line) => line.includes('hook-pre_deploy-2'))).toEqual([]);
  });

  it('after the deployment: a failure fails the job, and what was deployed stays and is tagged', async () => {
    await using rig = createRig();
    rig.source.push({ [file('shop')]: stack('shop', WEB, hooks('post_deploy: [exit 1]')) });
    const { job } = await rig.apply('shop');
    expect(job).toMatchObject({
      status: 'failed',
      tag: 'deploy/shop/1',
      error: {
        code: 'HOOK_FAILED',
        message: 'deployed, but not all is done: hook post_deploy 1 ended with 1',
      },
    });
    expect(rig.engine().control.find('shop', container('web'))?.state).toBe('running');
  });

  it('that a killed process has left are removed by the next one', async () => {
    // Planned when it is let in, on a clock by which that plan is still good when its turn comes.
    const rig = createRig({ clock: systemClock });
    const { control } = rig.engine();
    rig.source.push({ [file('shop')]: stack('shop', WEB, hooks('pre_deploy: [echo hi]')) });
    await rig.reconciler.refresh(new AbortController().signal);
    control.fail(2, 'kill');
    await rig.apply('shop').catch(() => undefined);
    expect(control.engine.hooks).toHaveLength(1);
    control.revive();
    await using next = await rig.restart({ clock: createFastClock() });
    await next.reconciler.start();
    await next.reaches('shop', 'in_sync');
    await expect.poll(() => control.engine.hooks).toEqual([]);
  });

  it('are checked with file and line', async () => {
    const { state, push } = createDesiredFixture();
    const text = [
      'pre_deploy:',
      '  - { service: wbe }',
      '  - { image: "a:1", volumes: ["data:/data"], node: far }',
      '  - { image: "a:1", ports: ["80:80"] }',
    ];
    await push({
      [file('shop')]: stack('shop', WEB, `hooks:\n  ${text.join('\n  ')}\n  post_deploy: [echo]\n`),
    });
    expect(state.diagnostics().map(({ code, line, message }) => [code, line, message])).toEqual([
      ['UNKNOWN_SERVICE', 5, 'the hook is to run as wbe, which is not a service of this stack'],
      ['UNKNOWN_VOLUME', 6, 'hook:pre_deploy:2 mounts the volume data, which is not declared'],
      ['UNKNOWN_NODE', 6, 'hook:pre_deploy:2 is to run on far, which is not a node of this stack'],
      ['UNKNOWN_KEY', 7, 'ports is not a known key in hooks.pre_deploy[2]'],
      ['REQUIRED', 8, 'the hook has no image'],
    ]);
  });
});
