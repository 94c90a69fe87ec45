import { globSync, readFileSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import process from 'node:process';
import { defineConfig } from 'vitest/config';
import type { TestSpecification } from 'vitest/node';
import { BaseSequencer } from 'vitest/node';
import { COMPILED } from './test/support/compiled-sources.ts';
import { FILE_WEIGHTS } from './test/support/suites/file-weights.ts';
import { isWanted } from './test/support/suites/suites.ts';

/**
 * Begins with the files that take longest: one of them begun last, everything else would wait for it. A worker goes on with the next file
 * of its project only, so the projects follow each other: while the last engines are waited for, the rest keeps the cores busy.
 */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.sort((left, right) => rankOf(left) - rankOf(right) || weightOf(right) - weightOf(left));
  }
}

/** The few long ones without an engine begin first: they would be what everybody waits for in the end. */
function rankOf(file: TestSpecification): number {
  const { name } = file.project;
  return name === 'engineless' && weightOf(file) >= LONG ? -1 : PROJECTS.indexOf(name);
}

function weightOf({ moduleId }: TestSpecification): number {
  return FILE_WEIGHTS[moduleId.slice(moduleId.lastIndexOf('/test/') + 1)] ?? 0;
}

/** Files of the folders that start a Docker Engine or ask for their worker's, and the others. */
function splitByEngine(folders: readonly string[]) {
  const files = folders.flatMap((folder) =>
    globSync(`test/${folder}/**/*.test.ts`, { cwd: import.meta.dirname }).filter((file) =>
      isWanted(file, process.env['KOMBINATOR_TESTS']),
    ),
  );
  const needsEngine = (file: string) =>
    /\b(workerEngine|startDockerEngine)\(/.test(readFileSync(`${import.meta.dirname}/${file}`, 'utf8'));
  return {
    engines: files.filter(needsEngine),
    engineless: files.filter((file) => !needsEngine(file)),
  };
}

/** Memory that files can be put into, where there is plenty: nothing that tests make needs to outlive the machine, so no disk is waited for. */
function memoryDirectory(): string | undefined {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    return bavail * bsize > 8 * 1024 ** 3 ? '/dev/shm' : undefined;
  } catch {
    // Another system than Linux.
    return undefined;
  }
}

process.env['TMPDIR'] ??= memoryDirectory() ?? tmpdir();
// A hook of Git sets variables that lead to its own repository.
for (const name of Object.keys(process.env))
  if (/^GIT_(?:DIR|INDEX_FILE|WORK_TREE|PREFIX)$/.test(name)) delete process.env[name];
// Workers and the processes that they start compile the same sources: once is enough.
process.env['NODE_COMPILE_CACHE'] ??= COMPILED;

/** Weight of a file that is begun before all others. */
const LONG = 10;
const PROJECTS = ['engines', 'engineless'];
const { engines, engineless } = splitByEngine(['contract', 'integration', 'e2e', 'unit']);
/** Each worker has an engine. They wait for containers, servers and clocks most of the time: this many keep two cores busy. */
const WORKERS = 6;
const shared = {
  isolate: false,
  // Node runs the sources as they are, here as everywhere.
  experimental: { viteModuleRunner: false },
  globalSetup: ['test/support/global-setup.ts'],
  testTimeout: 600_000,
  hookTimeout: 180_000,
  // Six workers share two cores.
  expect: { poll: { timeout: 15_000 } },
};

/** `engines` are the files that use a Docker Engine, `engineless` all that have enough of Git servers, processes and clocks, or need none of it. */
export default defineConfig({
  test: {
    maxWorkers: WORKERS,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          ...shared,
          name: 'engines',
          include: engines,
          setupFiles: ['test/support/docker/clear-engine.ts'],
        },
      },
      { test: { ...shared, name: 'engineless', include: engineless } },
    ],
  },
});
