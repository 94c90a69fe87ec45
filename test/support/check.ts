import { spawn } from 'node:child_process';
import process from 'node:process';
import { text } from 'node:stream/consumers';

/*
 * `npm run check`: its parts side by side, the longest begun first; `npm run check -- PART…` those alone. One line says how each went; the
 * whole output is shown of those that failed only. Ends with 1 when one did.
 */

const ALL = ['test:unit', 'check:lint', 'check:types', 'check:dead', 'check:names', 'check:format'];

interface Outcome {
  readonly part: string;
  readonly passed: boolean;
  readonly output: string;
}

async function runPart(part: string): Promise<Outcome> {
  const started = performance.now();
  const child = spawn(process.execPath, ['--run', part], { stdio: ['ignore', 'pipe', 'pipe'] });
  const { promise: ended, resolve, reject } = Promise.withResolvers<boolean>();
  child.once('error', reject);
  child.once('close', (code) => resolve(code === 0));
  const [passed, output, errors] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(`${passed ? 'passed' : 'FAILED'} ${part} ${seconds} s\n`);
  return { part, passed, output: `${output}${errors}` };
}

const parts = process.argv.length > 2 ? process.argv.slice(2) : ALL;
const started = performance.now();
const failed = (await Promise.all(parts.map(runPart))).filter(({ passed }) => !passed);
for (const { part, output } of failed) process.stdout.write(`\n--- ${part}\n${output.trimEnd()}\n`);
const seconds = ((performance.now() - started) / 1000).toFixed(1);
process.stdout.write(`${parts.length - failed.length} passed, ${failed.length} failed in ${seconds} s\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
