import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { compileValidators } from './compile-validators.ts';

/** Native parts of packages that get along without them. */
const NATIVE = [/\.node$/, 'cpu-features'];
const VALIDATORS = '/reconciler/config/own-validators.ts';

interface Bundle {
  readonly files: readonly string[];
  readonly packages: readonly string[];
}

/**
 * Bundles the command line with all that it needs into `directory`: one file to begin with and others that are loaded when they are needed.
 * Processes start in a third of the time that a thousand files take.
 *
 * @param root of the checkout
 * @returns names of the files, and directories of the packages that are in them
 */
export async function bundle(root: string, directory: string): Promise<Bundle> {
  const validators = compileValidators();
  await using build = await rolldown({
    cwd: root,
    input: { kombinator: join(root, 'api/cli/kombinator.ts') },
    platform: 'node',
    external: NATIVE,
    logLevel: 'silent',
    plugins: [
      {
        name: 'compiled-validators',
        load: (id) => (id.endsWith(VALIDATORS) ? { code: validators, moduleType: 'js' } : null),
      },
    ],
  });
  const { output } = await build.write({
    dir: directory,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
  });
  const modules = output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
  const packages = [...new Set(modules.flatMap(packageOf))].toSorted();
  return { files: output.map(({ fileName }) => fileName), packages };
}

function packageOf(module: string): readonly string[] {
  const found = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(module);
  return found === null ? [] : [found[0]];
}

/** Names, versions and licences of packages, as their licences ask of whoever passes them on. */
export function writeNotices(packages: readonly string[]): string {
  return packages
    .filter((directory) => existsSync(join(directory, 'package.json')))
    .map((directory) => {
      const manifest: unknown = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
      const { name, version, license } = manifest as Readonly<Record<string, unknown>>;
      const texts = readdirSync(directory)
        .filter((file) => /^(?:licen[cs]e|notice)/i.test(file))
        .map((file) => readFileSync(join(directory, file), 'utf8').trim());
      return [`${String(name)} ${String(version)} (${String(license)})`, ...texts].join('\n\n');
    })
    .join(`\n\n${'-'.repeat(80)}\n\n`);
}
