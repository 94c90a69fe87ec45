import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { compileValidators } from './compile-validators.ts';
import { finishChunk } from './finish-chunk.ts';
import { lazyModules, loadAtOnce } from './lazy-modules.ts';
import { bundleLazyPackages, NATIVE } from './lazy-packages.ts';
import { skipFacades } from './skip-facades.ts';

const VALIDATORS = '/reconciler/config/own-validators.ts';

/** Modules that most commands begin with: with all that they import they are one file, which is read in less time than many. */
const CORE =
  /\/(?:api\/cli\/(?:main|context)|reconciler\/(?:daemon\/(?:create-kombinator|state-dir)|adapters\/git\/tracked-files))\.ts$/;

const DOCKER = /\/(?:reconciler\/adapters\/docker\/index\.ts|dockerode\/lib\/docker\.js)$/;

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
  const [later, validators] = await Promise.all([bundleLazyPackages(root), compileValidators(root)]);
  await using build = await rolldown({
    cwd: root,
    input: { kombinator: join(root, 'api/cli/kombinator.ts') },
    platform: 'node',
    external: [...NATIVE],
    logLevel: 'silent',
    plugins: [
      {
        name: 'compiled-validators',
        load: (id) => (id.endsWith(VALIDATORS) ? { code: validators.module, moduleType: 'js' } : null),
      },
      later.plugin,
      lazyModules(root),
    ],
  });
  const { output } = await build.generate({
    format: 'esm',
    // They are read and kept in memory with the rest; what licences ask for stands in a file beside them.
    comments: false,
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    codeSplitting: {
      groups: [
        { name: 'core', test: CORE, priority: 2 },
        { name: 'docker', test: DOCKER, priority: 1 },
      ],
    },
  });
  const chunks = output.filter((file) => file.type === 'chunk');
  const codes = loadAtOnce(chunks.map(({ code }) => finishChunk(code)));
  const files = new Map([
    ...skipFacades(new Map(chunks.map(({ fileName }, index) => [fileName, codes[index]!]))),
    ...later.files,
    ...validators.files,
  ]);
  await mkdir(directory, { recursive: true });
  for (const [name, code] of files) await writeFile(join(directory, name), code);
  const modules = [...chunks.flatMap(({ moduleIds }) => moduleIds), ...later.modules];
  const packages = [...new Set(modules.flatMap(packageOf))].toSorted();
  return { files: [...files.keys()], packages };
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
