import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import process from 'node:process';
import { promisify } from 'node:util';
import nodeFlags from '../../api/cli/node-flags.json' with { type: 'json' };

const run = promisify(execFile);
const root = new URL('../../', import.meta.url);

/** Directory for `NODE_COMPILE_CACHE`: workers, daemons and commands of a test run share what Node makes of the sources. */
export const COMPILED = fileURLToPath(new URL('node_modules/.cache/compiled', root));

/** Starts where sources are loaded: all that `serve` needs, and the adapters that it loads when it first uses them. */
const ENTRIES = ['reconciler/index.ts', 'api/cli/serve.ts', 'reconciler/adapters/kubernetes/index.ts'];

/**
 * Compiles the sources before many processes do so side by side, once for each set of flags that Node is started with. Takes two seconds of
 * a core when they have changed, else one.
 */
export async function compileSources(): Promise<void> {
  const imports = ENTRIES.map((entry) => `await import(${JSON.stringify(new URL(entry, root).href)});`);
  const env = { ...process.env, NODE_COMPILE_CACHE: COMPILED };
  await Promise.all(
    [[], nodeFlags].map((flags) =>
      run(process.execPath, [...flags, '--input-type=module', '-e', imports.join('')], { env }),
    ),
  );
}
