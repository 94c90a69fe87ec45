import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../random.ts';
import type { Rig } from '../rig.ts';
import type { Fault } from './fault.ts';
import { waitForMoment } from './fault.ts';

const AWAY_MS = 12_000;
const HANG_MS = 35_000;
/** A health check by the engine, or one of its restarts, may be in the way first. */
const PATIENCE_MS = 180_000;

export const engineFaults: readonly Fault[] = [
  {
    name: 'engine-kill',
    summary: 'the process of the engine is killed, and away for a while',
    isMain: true,
    needs: {},
    pushes: 'sound',
    patienceMs: PATIENCE_MS,
    inject: (rig, random) => endEngine(rig, random, 'SIGKILL'),
    undo: (rig) => rig.engineControl.revive(),
  },
  {
    name: 'engine-term',
    summary: 'the engine is ended in order (SIGTERM), as a machine that restarts does',
    isMain: false,
    needs: {},
    pushes: 'sound',
    patienceMs: PATIENCE_MS,
    inject: (rig, random) => endEngine(rig, random, 'SIGTERM'),
    undo: (rig) => rig.engineControl.revive(),
  },
  {
    name: 'engine-crash',
    summary: 'the engine and all its containers are gone at once, as when a machine loses power',
    isMain: false,
    needs: {},
    pushes: 'sound',
    patienceMs: PATIENCE_MS,
    async inject(rig, random) {
      const moment = await waitForMoment(rig, random);
      await rig.engineControl.crash();
      const away = await waitForMoment(rig, random, AWAY_MS);
      await rig.engineControl.revive();
      return `crash after ${moment} ms, away for ${away} ms`;
    },
    undo: (rig) => rig.engineControl.revive(),
  },
  {
    name: 'engine-hang',
    summary: `the engine stands still (SIGSTOP) for ${HANG_MS / 1_000} s, and the API answers all the same`,
    isMain: false,
    needs: {},
    pushes: 'sound',
    patienceMs: PATIENCE_MS,
    inject: hangEngine,
    undo: (rig) => rig.engineControl.revive(),
  },
  {
    name: 'engine-broken',
    summary: 'the engine is killed while a broken description is in force: what ran has to come back',
    isMain: false,
    needs: {},
    pushes: 'sound',
    patienceMs: PATIENCE_MS,
    async inject(rig, random) {
      const broken = await rig.push(random, { kinds: ['break'] });
      return `${broken}, ${await endEngine(rig, random, 'SIGKILL')}`;
    },
    undo: (rig) => rig.engineControl.revive(),
  },
];

async function endEngine(rig: Rig, random: Random, signal: 'SIGKILL' | 'SIGTERM'): Promise<string> {
  const moment = await waitForMoment(rig, random);
  await rig.engineControl.signal(signal);
  await rig.engineControl.ended();
  // An old engine that ends while it starts a container leaves a task behind, with which it can never start that one again.
  if (signal === 'SIGTERM') await rig.engineControl.crash();
  const away = await waitForMoment(rig, random, AWAY_MS);
  await rig.engineControl.revive();
  return `${signal} after ${moment} ms, away for ${away} ms`;
}

async function hangEngine(rig: Rig, random: Random): Promise<string> {
  const moment = await waitForMoment(rig, random);
  await rig.engineControl.signal('SIGSTOP');
  const end = performance.now() + HANG_MS;
  while (performance.now() < end) {
    await rig.daemon.api('GET', '/health');
    await rig.daemon.api('GET', '/stacks');
    await sleep(1_000, undefined, { signal: rig.signal });
  }
  await rig.engineControl.signal('SIGCONT');
  return `stood still for ${HANG_MS} ms after ${moment} ms`;
}
