import type { Random } from '../random.ts';
import type { Rig } from '../rig.ts';
import type { Fault } from './fault.ts';
import { waitForMoment } from './fault.ts';

export const daemonFaults: readonly Fault[] = [
  {
    name: 'kill',
    summary: 'the daemon is killed (SIGKILL) at a random moment, sometimes again while it starts',
    isMain: true,
    needs: {},
    inject: (rig, random) => endDaemon(rig, random, 'SIGKILL'),
  },
  {
    name: 'term',
    summary: 'the daemon is ended (SIGTERM) at a random moment, and started again',
    isMain: true,
    needs: {},
    inject: (rig, random) => endDaemon(rig, random, 'SIGTERM'),
  },
];

async function endDaemon(rig: Rig, random: Random, signal: 'SIGKILL' | 'SIGTERM'): Promise<string> {
  const { daemon, report } = rig;
  const moment = await waitForMoment(rig, random);
  const ending = await daemon.stop(signal, 60_000);
  if (signal === 'SIGTERM' && ending?.code !== 0)
    throw new Error(`SIGTERM after ${moment} ms: the daemon ended with ${JSON.stringify(ending)}`);
  report.count(`${signal} of the daemon`);
  const pushed = random.chance(0.25) ? `, meanwhile ${await rig.push(random)}` : '';
  await daemon.launch();
  let again = 0;
  while (random.chance(0.3)) {
    await waitForMoment(rig, random, 3_000);
    await daemon.stop('SIGKILL');
    await daemon.launch();
    again += 1;
  }
  await daemon.awaitReady();
  return `${signal} after ${moment} ms${pushed}${again > 0 ? `, and ${again} times while it started` : ''}`;
}
