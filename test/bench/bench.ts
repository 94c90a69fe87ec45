import process from 'node:process';
import { createReport, describeMachine } from './report.ts';
import type { Report } from './report.ts';

/*
 * `node test/bench/bench.ts [section…]`: every section by default. Ends with 1 when a bound is missed or something could not be measured.
 */

/** Loaded when they are run: a section may need what another one does not. */
const SECTIONS: Readonly<Record<string, () => Promise<(report: Report) => Promise<void>>>> = {
  command: async () => (await import('./command.ts')).benchCommand,
  engine: async () => (await import('./engine.ts')).benchEngine,
  kubernetes: async () => (await import('./kubernetes.ts')).benchKubernetes,
  instances: async () => (await import('./instances.ts')).benchInstances,
  workflows: async () => (await import('./workflows.ts')).benchWorkflows,
  inventory: async () => (await import('./inventory.ts')).benchInventory,
  rest: async () => (await import('./rest/rest.ts')).benchRest,
  fleet: async () => (await import('./fleet/fleet.ts')).benchFleet,
  page: async () => (await import('./page.ts')).benchPage,
  repository: async () => (await import('./repository.ts')).benchRepository,
};

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(SECTIONS);
const unknown = names.filter((name) => SECTIONS[name] === undefined);
if (unknown.length > 0) {
  console.error(`There is no section ${unknown.join(', ')}; there are: ${Object.keys(SECTIONS).join(', ')}.`);
  process.exit(1);
}

const report = createReport((line) => console.log(line));
console.log(describeMachine());
for (const name of names) {
  report.heading(name);
  const start = performance.now();
  try {
    const run = await SECTIONS[name]!();
    await run(report);
  } catch (error) {
    console.error(error);
    report.fail(`${name} could not be measured`);
  }
  report.note(`(${((performance.now() - start) / 1_000).toFixed(0)} s)`);
}
if (report.missed.length > 0) {
  console.log(`\nMissed:\n${report.missed.map((line) => `  ${line}`).join('\n')}`);
  process.exitCode = 1;
}
