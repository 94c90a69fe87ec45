import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { installPackages, whyNotInstall } from '../../deploy/demo/packages.ts';
import { run } from '../../deploy/demo/processes.ts';
import type { Fault } from './faults/fault.ts';
import { findFaketime } from './parts/fake-clock.ts';
import type { Report } from './report.ts';
import { createReport } from './report.ts';
import { Rig } from './rig.ts';

/**
 * Installs the programs that a run needs where it can; rejects with what to install. libfaketime is tried to be installed where a fault
 * needs it: without it that fault fails, and the others go on.
 */
export async function prepare(faults: readonly Fault[]): Promise<void> {
  await run(process.execPath, [fileURLToPath(new URL('../support/prepare.ts', import.meta.url))]);
  const needsClock = faults.some(({ needs }) => needs.clock === true);
  if (!needsClock || findFaketime() !== undefined || whyNotInstall() !== undefined) return;
  const tell = (line: string) => console.log(`  ${line}`);
  await installPackages(['libfaketime'], { tell }).catch((error: unknown) => tell(String(error)));
}

/**
 * Works on a rig, and takes everything down in the end: also after Ctrl-C, which ends the run in order the first time and at once the second.
 *
 * @returns what was found
 */
export async function withRig(work: (rig: Rig) => Promise<void>): Promise<Report> {
  const report = createReport();
  const ending = new AbortController();
  const interrupt = () => {
    if (ending.signal.aborted) process.exit(130);
    report.tell('ending: everything is taken down (once more to end at once)');
    ending.abort(new Error('interrupted'));
    process.exitCode = 130;
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    await using rig = await Rig.open({ report, signal: ending.signal });
    await work(rig);
  } catch (error) {
    if (!ending.signal.aborted) throw error;
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
  return report;
}
