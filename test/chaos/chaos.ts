import { join } from 'node:path';
import process from 'node:process';
import { CHAOS_HELP, parseChaosOptions } from './options.ts';
import type { ChaosOptions } from './options.ts';
import { playRounds } from './rounds.ts';
import { prepare, withRig } from './run.ts';

/* `npm run chaos`: see CHAOS_HELP. */

const options = readOptions();
if (options !== null) {
  console.log(
    `chaos: seed ${options.seed}, ${options.rounds} rounds of ${options.faults.map(({ name }) => name).join(', ')}`,
  );
  await prepare(options.faults);
  const directory = join('.kombinator', 'chaos', `seed-${options.seed}`);
  const report = await withRig((rig) => playRounds(rig, { ...options, directory }));
  console.log(report.summary(options.seed));
  if (report.violations.length > 0) process.exitCode = 1;
}

function readOptions(): ChaosOptions | null {
  try {
    const read = parseChaosOptions(process.argv.slice(2));
    if (read === null) console.log(CHAOS_HELP);
    return read;
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(1);
  }
}
