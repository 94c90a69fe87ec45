import type { Random } from '../random.ts';
import type { Rig } from '../rig.ts';
import type { Fault } from './fault.ts';
import { waitForMoment } from './fault.ts';

export const diskFaults: readonly Fault[] = [
  {
    name: 'disk-full',
    summary: 'the file system of the state directory is full for a while',
    isMain: true,
    needs: {},
    async inject(rig, random) {
      await waitForMoment(rig, random, 2_000);
      rig.disk.fill();
      const told = await liveWith(rig, random);
      rig.disk.free();
      return told;
    },
    undo: async (rig) => {
      rig.disk.free();
      await reviveDaemon(rig);
    },
  },
  {
    name: 'disk-read-only',
    summary: 'the file system of the state directory is read-only for a while',
    isMain: false,
    needs: {},
    async inject(rig, random) {
      await waitForMoment(rig, random, 2_000);
      await rig.disk.setWritable(false);
      const told = await liveWith(rig, random);
      // A daemon that was started meanwhile holds the read-only mount open.
      if (told.includes('started')) await rig.daemon.stop('SIGKILL');
      await rig.disk.setWritable(true);
      return told;
    },
    undo: async (rig) => {
      await rig.disk.setWritable(true);
      await reviveDaemon(rig);
    },
  },
];

/** A push, some time, and now and then a restart, all of it while nothing can be written. A daemon that does not start then has to say why. */
async function liveWith(rig: Rig, random: Random): Promise<string> {
  const { daemon } = rig;
  const pushed = await rig.push(random);
  const time = 2_000 + (await waitForMoment(rig, random, 5_000));
  await rig.daemon.api('GET', '/health');
  if (!random.chance(0.4)) return `${pushed}, for ${time} ms`;
  await daemon.stop('SIGKILL');
  if (await daemon.start()) return `${pushed}, for ${time} ms, killed and started`;
  const last = daemon.log().trim().split('\n').at(-1) ?? '';
  if (/INTERNAL|    at /.test(daemon.log()))
    throw new Error(
      `a start while nothing can be written ends with no sentence: ${daemon.log().slice(-600)}`,
    );
  return `${pushed}, for ${time} ms, killed, not started: ${last.slice(0, 160)}`;
}

async function reviveDaemon({ daemon }: Rig): Promise<void> {
  daemon.deaths.length = 0;
  if (!daemon.isAlive) await daemon.start();
}
