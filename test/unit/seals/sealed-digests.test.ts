import { expect, it } from 'vitest';
import { Seal } from '../../../reconciler/model/seal.ts';
import type { Rig } from '../../support/reconciler-rig.ts';
import { createRig, file, stack } from '../../support/reconciler-rig.ts';

const REFERENCE = 'secret://env/DB';
const TEXT = stack('shop', { web: `image: "nginx:1.29", env: { PASSWORD: "${REFERENCE}" }` });
const sealOf = (byte: number) => new Seal(() => new Uint8Array(32).fill(byte));

const changesIn = (rig: Rig) =>
  rig.engine().control.log.filter((line) => /^(create|start|stop|remove|update|replace|rename)/.test(line));

/** A stack that was deployed by a version that did not seal, and by one with another key. */
const EARLIER = [
  ['a version that sealed nothing', undefined],
  ['a state directory that was lost', sealOf(2)],
] as const;

it.each(EARLIER)(
  '%s: what it has deployed is in sync, untouched and not tagged again',
  async (_name, seal) => {
    const secrets = { [REFERENCE]: 'hunter2' };
    await using first = createRig({ secrets, ...(seal && { seal }) });
    first.source.push({ [file('shop')]: TEXT });
    await first.reconciler.start();
    await first.reaches('shop', 'in_sync');
    const before = changesIn(first);
    expect(before).toContain('create local/container/web');

    await using second = await first.restart({ seal: sealOf(1) });
    await second.reconciler.start();
    await second.reaches('shop', 'in_sync');
    expect(changesIn(second)).toEqual(before);
    expect(await second.tags('shop')).toEqual(['deploy/shop/1']);
  },
);

it.each(EARLIER)('%s: what somebody has stopped then stays stopped', async (_name, seal) => {
  const secrets = { [REFERENCE]: 'hunter2' };
  await using first = createRig({ secrets, ...(seal && { seal }) });
  first.source.push({ [file('shop')]: TEXT });
  await first.reconciler.start();
  await first.reaches('shop', 'in_sync');
  const job = first.reconciler.control({ stack: 'shop', action: 'stop', actor: null, trigger: 'api' });
  await first.reconciler.waitForJob(job.id, AbortSignal.timeout(4_000));

  await using second = await first.restart({ store: first.store, seal: sealOf(1) });
  await second.reconciler.start();
  await second.reaches('shop', 'stopped');
});
