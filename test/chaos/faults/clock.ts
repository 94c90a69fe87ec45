import type { Random } from '../random.ts';
import type { Rig } from '../rig.ts';
import type { Fault } from './fault.ts';
import { waitForMoment } from './fault.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const clockFaults: readonly Fault[] = [
  {
    name: 'clock',
    summary: "the daemon's clock is stepped, by a minute up to a year, in either direction",
    isMain: false,
    needs: { clock: true },
    patienceMs: 120_000,
    inject: stepClock,
    // Steps stay in force until all is quiet: being right again would be a step of its own.
  },
];

const STEPS = [-365 * DAY, -40 * DAY, -DAY, -HOUR, -MINUTE, MINUTE, HOUR, DAY, 40 * DAY];

async function stepClock(rig: Rig, random: Random): Promise<string> {
  const told: string[] = [];
  for (let left = 1 + random.integer(3); left > 0; left -= 1) {
    await waitForMoment(rig, random, 2_500);
    const step = random.pick(STEPS);
    rig.clock.setOffset(step);
    rig.report.count(`clock ${step < 0 ? 'back' : 'ahead'}`);
    told.push(`${step} s`);
    if (random.chance(0.4)) told.push(await rig.push(random));
  }
  if (random.chance(0.15)) {
    await rig.daemon.stop('SIGKILL');
    await rig.daemon.start();
    told.push('restarted');
  }
  return told.join(', ');
}
