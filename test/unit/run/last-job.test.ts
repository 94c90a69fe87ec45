import { expect, it } from 'vitest';
import type { JobError } from '../../../reconciler/ports/store.ts';
import { jobOf } from '../../support/cli/cli-harness.ts';
import { createRig, file, stack, type Rig } from '../../support/reconciler-rig.ts';

const SIGNAL = new AbortController().signal;
const ASKED = { stack: 'shop', actor: null, trigger: 'cli' } as const;
const web = (image: string) => ({ [file('shop')]: stack('shop', { web: `image: "${image}"` }) });

/** A command that tried to apply what is described now, and ended. */
async function failBefore(rig: Rig, error: JobError): Promise<void> {
  const { plan, planId } = await rig.reconciler.plan(ASKED, SIGNAL);
  const { revision } = plan;
  rig.store.saveJob(jobOf('shop', { status: 'failed', tag: null, planId, revision, error }));
}

it('tells why the apply of an earlier command failed, until the description changes', async () => {
  await using rig = createRig();
  rig.source.push(web('nginx:1.29'));
  await rig.reconciler.refresh(SIGNAL);
  const error = { code: 'PORT_TAKEN', message: 'port 8080 is taken', retryable: true };
  await failBefore(rig, error);
  // Plans are no tries, however many come after it.
  for (let count = 0; count < 12; count += 1) await rig.reconciler.plan(ASKED, SIGNAL);
  const lastJob = { type: 'apply', status: 'failed', error };
  const failed = await rig.reconciler.observe('shop', SIGNAL);
  expect(failed).toMatchObject({ state: 'failed', message: 'port 8080 is taken', lastJob });
  rig.source.push({ 'README.md': 'Another commit.' });
  await rig.reconciler.refresh(SIGNAL);
  await using next = await rig.restart({ store: rig.store });
  await next.reconciler.refresh(SIGNAL);
  expect(await next.reconciler.observe('shop', SIGNAL)).toMatchObject({ state: 'failed', lastJob });
  next.source.push(web('nginx:1.28'));
  await using changed = await next.restart({ store: rig.store });
  await changed.reconciler.refresh(SIGNAL);
  const pending = { state: 'pending', message: '2 changes to apply', lastJob };
  expect(await changed.reconciler.observe('shop', SIGNAL)).toMatchObject(pending);
});

it('is in sync once it was applied, and shows that job', async () => {
  await using rig = createRig();
  rig.source.push(web('nginx:1.29'));
  await rig.apply('shop');
  await using next = await rig.restart({ store: rig.store });
  await next.reconciler.refresh(SIGNAL);
  const view = await next.reconciler.observe('shop', SIGNAL);
  expect(view).toMatchObject({ state: 'in_sync', lastJob: { type: 'apply', status: 'completed' } });
});

it('says what is wrong with a description that was only looked at', async () => {
  await using rig = createRig();
  rig.source.push({ [file('shop')]: stack('shop', { web: 'imge: x' }) });
  await rig.reconciler.refresh(SIGNAL);
  expect(await rig.reconciler.observe('shop', SIGNAL)).toMatchObject({
    state: 'invalid',
    message: 'web has no image and is in no kit',
  });
});
