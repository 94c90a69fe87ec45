import process from 'node:process';
import { KINDS } from './kinds.ts';
import type { FuzzOptions } from './options.ts';
import { FUZZ_HELP, parseFuzzOptions } from './options.ts';
import { createReport, readInput } from './report.ts';
import { createRunner } from './run-input.ts';
import { supervise } from './supervise.ts';

/* `npm run fuzz`: see FUZZ_HELP. */

const PROGRESS_EVERY_MS = 10_000;

const options = readOptions();
if (options?.play) await playAgain(options.play).catch(tell);
else if (options !== null) await playRun(options);

async function playRun(options: FuzzOptions): Promise<void> {
  const { seed, count, kinds } = options;
  console.log(`fuzz: seed ${seed}, ${count} inputs of ${kinds.join(', ')}`);
  const report = createReport(console.log);
  const timer = setInterval(() => console.log(`fuzz: ${report.progress()}`), PROGRESS_EVERY_MS);
  await supervise({ ...options, onProgress: report.add, onFinding: report.find });
  clearInterval(timer);
  console.log(report.summary());
  if (report.findings > 0) process.exitCode = 1;
}

async function playAgain(file: string): Promise<void> {
  const input = readInput(file);
  const create = Object.hasOwn(KINDS, input.kind) ? KINDS[input.kind] : undefined;
  if (create === undefined) throw new Error(`${file}: there is no kind ${input.kind}`);
  await using player = create();
  using runner = createRunner(player);
  const { violations, accepted, cpuMs } = await runner.run(input);
  for (const { rule, place, detail } of violations) console.log(`--- ${rule}: ${place}\n${detail}`);
  console.log(`${violations.length} findings, ${accepted ? 'accepted' : 'refused'}, ${cpuMs.toFixed(0)} ms`);
  if (violations.length > 0) process.exitCode = 1;
}

function readOptions(): FuzzOptions | null {
  try {
    const read = parseFuzzOptions(process.argv.slice(2));
    if (read === null) console.log(FUZZ_HELP);
    return read;
  } catch (error) {
    tell(error);
    process.exit();
  }
}

function tell(error: unknown): void {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
