import { parseArgs } from 'node:util';
import process from 'node:process';
import { findCompose } from '../support/compose/compose.ts';
import { formatDiagnostic } from '../../reconciler/base/diagnostic.ts';
import type { Adopted } from './adopt.ts';
import { adoptProject } from './adopt.ts';
import { findProjects } from './projects.ts';
import type { RunResult } from './run-project.ts';
import { createRunner } from './run-project.ts';
import { refusedByCompose } from './refused.ts';

/*
 * `npm run corpus -- DIR [--run] [--only NAME]`: every Compose project of a folder as a stack. Says of each whether it
 * validates, plans and runs, what a deployment would need besides, and which keys are not honoured. Exit code 1 when
 * something failed.
 */

const USAGE = 'npm run corpus -- DIR [--run] [--only NAME]...\n';
const write = (line: string) => void process.stdout.write(`${line}\n`);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { run: { type: 'boolean', default: false }, only: { type: 'string', multiple: true } },
});
const [folder] = positionals;
if (folder === undefined || positionals.length > 1) {
  process.stderr.write(USAGE);
  process.exit(1);
}

const projects = (await findProjects(folder)).filter(
  ({ name }) => !values.only || values.only.some((part) => name.includes(part)),
);
const totals = { validate: 0, plan: 0, run: 0, host: 0, refused: 0, failed: 0 };
const compose = await findCompose();
await using runner = values.run ? await createRunner(write) : null;
for (const project of projects) {
  const adopted = adoptProject(project);
  const run = runner && adopted.plan ? await runner.run(adopted) : null;
  const refused = adopted.plan || !compose ? null : await refusedByCompose(compose, project, adopted);
  report(project.name, adopted, { run, refused });
}
write('');
write(
  `${projects.length} projects: ${totals.validate} validate, ${totals.plan} plan` +
    (values.run ? `, ${totals.run} run, ${totals.host} need the host` : '') +
    `; ${totals.refused} refused by Compose as well, ${totals.failed} failed`,
);
process.exitCode = totals.failed > 0 || projects.length === 0 ? 1 : 0;

interface Outcome {
  readonly run: RunResult | null;
  /** Objection of Compose itself to a project that does not validate. */
  readonly refused: string | null;
}

function report(name: string, { diagnostics, needs, plan }: Adopted, { run, refused }: Outcome): void {
  const valid = !diagnostics.some(({ severity }) => severity === 'error');
  const parts = [valid ? 'validates' : refused === null ? 'DOES NOT VALIDATE' : 'is refused'];
  if (valid) parts.push(plan ? `plans (${plan.summary.create} to create)` : 'DOES NOT PLAN');
  if (run)
    parts.push(
      run.ok
        ? `runs (${run.containers} containers)`
        : run.host.length > 0
          ? 'needs the host'
          : 'DOES NOT RUN',
    );
  write(`${name}: ${parts.join(', ')}`);
  if (needs.length > 0) write(`    made up: ${needs.join(', ')}`);
  if (run && !run.ok)
    write(`    ${run.host.length > 0 ? `needs ${run.host.join(', ')}: ` : ''}${run.reason}`);
  if (refused !== null) write(`    Compose refuses it as well: ${refused}`);
  for (const diagnostic of diagnostics) {
    if (diagnostic.code !== 'UNSET_VARIABLE') write(`    ${formatDiagnostic(diagnostic)}`);
  }
  const unset = diagnostics.filter(({ code }) => code === 'UNSET_VARIABLE').length;
  if (unset > 0) write(`    ${unset} variables are not set: they become empty`);
  totals.validate += Number(valid);
  totals.plan += Number(plan !== null);
  totals.run += Number(run?.ok ?? false);
  totals.host += Number(run !== null && !run.ok && run.host.length > 0);
  totals.refused += Number(refused !== null);
  totals.failed += Number(
    (refused === null && (!valid || !plan)) || (run !== null && !run.ok && run.host.length === 0),
  );
}
