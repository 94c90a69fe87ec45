import { statSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { readDaemonVitals } from '../checks/observation.ts';
import { parseSoakOptions, SOAK_HELP } from '../options.ts';
import type { SoakOptions } from '../options.ts';
import { createRandom } from '../random.ts';
import type { Rig } from '../rig.ts';
import { Player } from '../rounds.ts';
import { chooseFaults } from '../faults/catalogue.ts';
import { prepare, withRig } from '../run.ts';
import { ANY_MUTATION } from '../world/mutations.ts';
import type { Sample } from './slopes.ts';
import { formatSlopes, judgeSamples, lowestOf } from './slopes.ts';

/* `npm run soak`: see SOAK_HELP. */

const PUSH_EVERY_MS = 3_000;
const SAMPLE_EVERY_MS = 60_000;
/** Looks that a sample is made of, each before another push: what that one caused has had the most time to end. */
const LOOKS = 5;
/** Changes that leave the same stacks: one that is taken out leaves its volumes, and is listed with them for ever after. */
const KINDS = ANY_MUTATION.filter((kind) => !['add-stack', 'remove-stack', 'rename'].includes(kind));

const options = readOptions();
if (options !== null) {
  console.log(
    `soak: seed ${options.seed}, a push every ${PUSH_EVERY_MS / 1_000} s for ${options.minutes} minutes`,
  );
  await prepare([]);
  const samples: Sample[] = [];
  const report = await withRig((rig) => soak(rig, options, samples));
  const slopes = judgeSamples(samples);
  console.log(report.summary(options.seed));
  console.log(formatSlopes(slopes));
  if (report.violations.length > 0 || slopes.some(({ isFlat }) => !isFlat)) process.exitCode = 1;
}

/** Begins and ends with a quiet moment, in which everything is looked at. */
async function soak(rig: Rig, { seed, minutes }: SoakOptions, samples: Sample[]): Promise<void> {
  const directory = join('.kombinator', 'chaos', `soak-${seed}`);
  const player = new Player(rig, { faults: chooseFaults('none'), rounds: 1, seed, directory });
  await player.begin(0);
  const random = createRandom(seed);
  const begun = performance.now();
  const passed = () => performance.now() - begun;
  const minutesPassed = () => passed() / 60_000;
  const looks: Sample[] = [];
  for (let pushes = 1; minutesPassed() < minutes; pushes += 1) {
    await rig.push(random, { kinds: KINDS });
    rig.report.progress(`${minutesPassed().toFixed(1)} of ${minutes} minutes, ${pushes} pushes`);
    const left = pushes * PUSH_EVERY_MS - passed();
    if (left > 0) await sleep(left, undefined, { signal: rig.signal });
    const isDue = passed() >= (samples.length + 1) * SAMPLE_EVERY_MS - LOOKS * PUSH_EVERY_MS;
    if (!isDue) continue;
    looks.push(await look(rig, minutesPassed()));
    if (looks.length < LOOKS) continue;
    const sample = lowestOf(looks.splice(0));
    samples.push(sample);
    rig.report.tell(formatSample(sample));
  }
  await player.play(1);
}

async function look(rig: Rig, minutes: number): Promise<Sample> {
  const vitals = await readDaemonVitals(rig);
  return {
    minutes,
    figures: {
      residentMiB: vitals.residentBytes / 2 ** 20,
      heapMiB: vitals.heapBytes / 2 ** 20,
      buffersMiB: vitals.bufferBytes / 2 ** 20,
      descriptors: vitals.descriptors,
      handles: vitals.handles,
      timers: vitals.timers,
      listeners: vitals.listeners,
      databaseMiB: sizeOf(join(rig.stateDir, 'kombinator.db')) / 2 ** 20,
    },
  };
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function formatSample({ minutes, figures }: Sample): string {
  const parts = Object.entries(figures).map(([name, value]) => `${name} ${value.toFixed(1)}`);
  return `${minutes.toFixed(0).padStart(4)} min  ${parts.join('  ')}`;
}

function readOptions(): SoakOptions | null {
  try {
    const read = parseSoakOptions(process.argv.slice(2));
    if (read === null) console.log(SOAK_HELP);
    return read;
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(1);
  }
}
