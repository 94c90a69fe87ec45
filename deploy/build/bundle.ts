import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { compileValidators } from './compile-validators.ts';
import { toAscii } from './to-ascii.ts';
import { lazyModules, loadAtOnce } from './lazy-modules.ts';
import { bundleLazyPackages, NATIVE } from './lazy-packages.ts';

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
    // V8 keeps compiled code of scripts, with the functions that were called, and not of modules.
    format: 'cjs',
    // They are read and kept in memory with the rest; what licences ask for stands in a file beside them.
    comments: false,
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name]-[hash].cjs',
    codeSplitting: {
      groups: [
        { name: 'core', test: CORE, priority: 2 },
        { name: 'docker', test: DOCKER, priority: 1 },
      ],
    },
  });
  const chunks = output.filter((file) => file.type === 'chunk');
  const codes = loadAtOnce(chunks.map(({ code }) => toAscii(code)));
  const files = new Map([
    ...chunks.map(({ fileName }, index) => [fileName, codes[index]!] as const),
    ...later.files,
    ...validators.files,
  ]);
  files.set('build.txt', `${fingerprint(files)}\n`);
  await mkdir(directory, { recursive: true });
  for (const [name, code] of files) await writeFile(join(directory, name), asFunction(name, code));
  const modules = [...chunks.flatMap(({ moduleIds }) => moduleIds), ...later.modules];
  const packages = [...new Set(modules.flatMap(packageOf))].toSorted();
  return { files: [...files.keys()], packages };
}

/** Makes a script of a file: a function of what CommonJS calls by name, which `api/cli/start/run-bundle.mjs` calls. */
function asFunction(name: string, code: string): string {
  if (!name.endsWith('.cjs')) return code;
  return `(function (exports, require, module, __filename, __dirname) {${code}\n})`;
}

/** Differs from that of every other build: compiled code is kept under it. */
function fingerprint(files: ReadonlyMap<string, string>): string {
  const hash = createHash('sha256');
  for (const [name, code] of [...files].toSorted(([one], [two]) => (one < two ? -1 : 1)))
    hash.update(`${name} ${code.length}\n${code}`);
  return hash.digest('hex').slice(0, 16);
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
