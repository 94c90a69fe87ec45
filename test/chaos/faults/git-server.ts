import type { Random } from '../random.ts';
import type { Rig } from '../rig.ts';
import type { GitServerFault } from '../../support/git/git-server.ts';
import type { Fault } from './fault.ts';
import { waitForMoment } from './fault.ts';

export const gitServerFaults: readonly Fault[] = [
  {
    name: 'git-server',
    summary: 'the Git server answers slowly, by half, with errors, or not at all',
    isMain: true,
    needs: { remote: 'http' },
    patienceMs: 150_000,
    inject: answerBadly,
    undo: async (rig) => {
      rig.gitFault = null;
    },
  },
];

const FAULTS: readonly Exclude<GitServerFault, object>[] = [500, 401, 'hang', 'reset', 'half', 'slow'];

async function answerBadly(rig: Rig, random: Random): Promise<string> {
  const told: string[] = [];
  for (let left = 1 + random.integer(3); left > 0; left -= 1) {
    const fault = random.pick(FAULTS);
    rig.gitFault = fault;
    rig.report.count(`git server: ${fault}`);
    told.push(`${fault}, ${await rig.push(random)}`);
    await waitForMoment(rig, random, 7_000);
    if (random.chance(0.15)) {
      await rig.daemon.stop('SIGKILL');
      await rig.daemon.start();
      told.push('restarted');
    }
  }
  rig.gitFault = null;
  return told.join(', ');
}
