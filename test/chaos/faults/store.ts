import {
  existsSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  openSync,
  writeSync,
  closeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../random.ts';
import type { Rig } from '../rig.ts';
import type { Fault } from './fault.ts';
import { waitForMoment } from './fault.ts';

export const storeFaults: readonly Fault[] = [
  {
    name: 'store-damaged',
    summary: 'the daemon is killed, and finds its database or its lock truncated, overwritten or gone',
    isMain: true,
    needs: {},
    inject: damageStore,
  },
  {
    name: 'store-unlinked',
    summary: 'the database is deleted while the daemon has it open',
    isMain: false,
    needs: {},
    async inject(rig, random) {
      const moment = await waitForMoment(rig, random, 2_000);
      for (const suffix of ['', '-wal', '-shm']) rmSync(databaseOf(rig) + suffix, { force: true });
      const pushed = await rig.push(random);
      const isRestarted = random.chance(0.5);
      await waitForMoment(rig, random);
      if (isRestarted) {
        await rig.daemon.stop('SIGKILL');
        await rig.daemon.start();
      }
      return `deleted after ${moment} ms, ${pushed}${isRestarted ? ', restarted' : ''}`;
    },
  },
];

type Damage = (database: string, random: Random) => void;

const DAMAGES: Readonly<Record<string, Damage>> = {
  'database cut': (file, random) => cut(file, random),
  'database empty': (file) => truncateSync(file, 0),
  'database gone': (file) => rmSync(file),
  'database of noise': (file, random) => writeFileSync(file, noise(random)),
  'header of zeros': overwriteHeader,
  'log cut': (file, random) => cut(`${file}-wal`, random),
  'log gone': (file) => rmSync(`${file}-wal`, { force: true }),
  'index gone': (file) => rmSync(`${file}-shm`, { force: true }),
  'lock of noise': (file, random) => {
    writeFileSync(join(file, '..', 'lock.db'), noise(random));
    writeFileSync(join(file, '..', 'lock.json'), '{');
  },
};

async function damageStore(rig: Rig, random: Random): Promise<string> {
  const { daemon } = rig;
  await waitForMoment(rig, random);
  await daemon.stop('SIGKILL');
  const name = random.pick(Object.keys(DAMAGES));
  if (existsSync(databaseOf(rig))) DAMAGES[name]!(databaseOf(rig), random);
  rig.report.count(`damage: ${name}`);
  const pushed = random.chance(0.5) ? `, ${await rig.push(random)}` : '';
  if (!(await daemon.start())) throw new Error(`does not start after "${name}": ${daemon.log().slice(-600)}`);
  return `${name}${pushed}`;
}

function databaseOf({ stateDir }: Rig): string {
  return join(stateDir, 'kombinator.db');
}

function cut(file: string, random: Random): void {
  if (existsSync(file)) truncateSync(file, random.integer(statSync(file).size + 1));
}

function noise(random: Random): Buffer {
  return Buffer.from(Array.from({ length: 20_000 }, () => random.integer(256)));
}

function overwriteHeader(file: string): void {
  const descriptor = openSync(file, 'r+');
  writeSync(descriptor, Buffer.alloc(100), 0, 100, 0);
  closeSync(descriptor);
}
