import { globSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import type { TestSpecification } from 'vitest/node';
import { BaseSequencer } from 'vitest/node';
import { FILE_WEIGHTS } from './test/support/file-weights.ts';

/** Begins with the files that take longest: one of them begun last, everything else would wait for it. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.sort((left, right) => weightOf(right) - weightOf(left));
  }
}

function weightOf({ moduleId }: TestSpecification): number {
  return FILE_WEIGHTS[moduleId.slice(moduleId.lastIndexOf('/test/') + 1)] ?? 0;
}

/** Files of the folders that start a Docker Engine or ask for their worker's, and the others. */
function splitByEngine(folders: readonly string[]) {
  const files = folders.flatMap((folder) =>
    globSync(`test/${folder}/**/*.test.ts`, { cwd: import.meta.dirname }),
  );
  const needsEngine = (file: string) =>
    /\b(workerEngine|startDockerEngine)\(/.test(readFileSync(`${import.meta.dirname}/${file}`, 'utf8'));
  return {
    withEngine: (folder: string) =>
      files.filter((file) => file.startsWith(`test/${folder}/`) && needsEngine(file)),
    engineless: files.filter((file) => !needsEngine(file)),
  };
}

const { withEngine, engineless } = splitByEngine(['contract', 'integration', 'e2e']);
const real = { isolate: false, globalSetup: ['test/support/global-setup.ts'], hookTimeout: 180_000 };
/** Pure code keeps two cores busy with two workers; each more would load the code and compile the schemas again. */
const pure = { isolate: false, maxWorkers: 2, sequence: { groupOrder: 0 } };
/** Four files wait for processes, servers and clocks side by side. */
const many = { ...real, maxWorkers: 4, sequence: { groupOrder: 1 } };
/** Each worker has an engine, and two workers keep two cores busy. */
const engines = { ...real, maxWorkers: 2, sequence: { groupOrder: 2 } };

/**
 * `unit` is pure and runs in milliseconds; `contract` runs each port's suite on the fake and on the real thing;
 * `integration` and `e2e` use real engines, Git servers and processes. Of these three, the files that use no engine are `engineless`.
 */
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      { test: { ...pure, name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 30_000 } },
      { test: { ...many, name: 'engineless', include: engineless, testTimeout: 120_000 } },
      { test: { ...engines, name: 'contract', include: withEngine('contract'), testTimeout: 60_000 } },
      { test: { ...engines, name: 'integration', include: withEngine('integration'), testTimeout: 120_000 } },
      { test: { ...engines, name: 'e2e', include: withEngine('e2e'), testTimeout: 600_000 } },
    ],
  },
});
