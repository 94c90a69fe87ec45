import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Plugin } from 'rolldown';
import { rolldown } from 'rolldown';
import { toAscii } from './to-ascii.ts';

/** Packages that are loaded with what uses them, though few commands need them. All of them speak CommonJS. */
const PACKAGES = [
  '@balena/dockerignore',
  '@grpc/grpc-js',
  '@grpc/proto-loader',
  'chokidar',
  'cron',
  'isomorphic-git',
  'picomatch',
  'pino',
  'protobufjs',
  'semver',
  'ssh2',
  'tar-fs',
  'tar-stream',
];
const PREFIX = '\0later:';

/** Native parts of packages that get along without them. */
export const NATIVE: readonly (string | RegExp)[] = [/\.node$/, 'cpu-features'];

export interface LazyPackages {
  /** Code by the name of its file. */
  readonly files: ReadonlyMap<string, string>;
  readonly modules: readonly string[];
  /** Puts something in the place of the packages that loads their files when they are first used. */
  readonly plugin: Plugin;
}

/**
 * Bundles those packages, a file for each.
 *
 * @param root of the checkout
 */
export async function bundleLazyPackages(root: string): Promise<LazyPackages> {
  const bundles = await Promise.all(PACKAGES.map((name) => bundlePackage(root, name)));
  const fileOf = new Map(bundles.map(({ name, file }) => [name, file]));
  const load = createRequire(join(root, 'package.json'));
  return {
    files: new Map(bundles.map(({ file, code }) => [file, code])),
    modules: bundles.flatMap(({ modules }) => modules),
    plugin: {
      name: 'lazy-packages',
      resolveId: (id) => (fileOf.has(id) ? `${PREFIX}${id}` : null),
      load(id) {
        const file = id.startsWith(PREFIX) ? fileOf.get(id.slice(PREFIX.length)) : undefined;
        if (file === undefined) return null;
        const helper = JSON.stringify(join(root, 'deploy/build/later.ts'));
        const code = standIn(`() => loadBeside("./${file}")`, load(id.slice(PREFIX.length)));
        return {
          code: `const { later, loadBeside, standFor } = require(${helper});\n${code}`,
          moduleType: 'js',
        };
      },
    },
  };
}

function standIn(load: string, exported: unknown): string {
  if (typeof exported === 'function') return `module.exports = standFor(${load});`;
  const entries = Object.entries(exported as object);
  const [functions, others] = [true, false].map((wanted) =>
    entries.filter(([, value]) => (typeof value === 'function') === wanted).map(([key]) => key),
  );
  return `module.exports = later(${load}, ${JSON.stringify(functions)}, ${JSON.stringify(others)});`;
}

async function bundlePackage(root: string, name: string) {
  await using build = await rolldown({
    cwd: root,
    input: createRequire(join(root, 'package.json')).resolve(name),
    platform: 'node',
    external: [...NATIVE],
    logLevel: 'silent',
  });
  const { output } = await build.generate({ format: 'cjs', comments: false, codeSplitting: false });
  const [{ code, moduleIds: modules }] = output;
  const finished = toAscii(code);
  return { name, file: hashedName(name, finished), code: finished, modules };
}

/** Files of another build have other names: a process that runs from them loads what fits. */
export function hashedName(name: string, code: string): string {
  const hash = createHash('sha256').update(code).digest('base64url').slice(0, 8);
  return `${name.replaceAll(/\W+/g, '-').replace(/^-/, '')}-${hash}.cjs`;
}
