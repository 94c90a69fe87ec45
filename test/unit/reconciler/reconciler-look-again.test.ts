import { describe, it } from 'vitest';
import { container, createRig, file, stack } from '../../support/reconciler-rig.ts';

const DAY_MS = 24 * 3_600_000;
const WEB = container('web');

describe('a container that has to run for a while to be believed', () => {
  it('is looked at again when that while is over, although nothing tells of it', async () => {
    await using rig = createRig({ resyncMs: DAY_MS });
    rig.source.push({ [file('shop')]: stack('shop', { web: 'image: "nginx:1.29"' }) });
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    const { control } = rig.engine();
    control.setHealth('shop', WEB, { status: 'starting', retryAfterMs: 300 });
    await rig.reaches('shop', 'degraded');
    Object.assign(control.find('shop', WEB) ?? {}, { health: null });
    await rig.reaches('shop', 'in_sync');
  });
});
