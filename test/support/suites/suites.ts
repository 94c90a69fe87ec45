import packageJson from '../../../package.json' with { type: 'json' };

/** Commands that run tests: each file belongs to one, and `.ci/run` runs them all. */
export type Suite = 'main' | 'more' | 'bounds';

/** Files of `npm run test:bounds`, which plays them with larger numbers. */
const BOUNDS: readonly string[] = packageJson.scripts['test:bounds']
  .split(' ')
  .filter((word) => word.startsWith('test/'));

/**
 * Beginnings of the files of `npm run test:more`: browsers, whole dialects, backups, projects that are taken over, Git hosts, charts, signatures, other forms of
 * sources, and what goes wrong on purpose. They take as long as all others together, and a change seldom breaks them alone.
 */
const MORE: readonly string[] = [
  'test/contract/hosts/',
  'test/contract/sources/',
  'test/e2e/adopt/',
  'test/e2e/cluster-workflow.',
  'test/e2e/handover.',
  'test/e2e/main-job-faults.',
  'test/e2e/one-shot.',
  'test/e2e/page/',
  'test/e2e/stacks/',
  'test/e2e/workflow-platform.',
  'test/integration/backups/',
  'test/integration/charts/',
  'test/integration/ci/',
  'test/integration/daily/',
  'test/integration/database-backup.',
  'test/integration/git/folding.',
  'test/integration/git/hostile-objects.',
  'test/integration/git/remote-many-tags.',
  'test/integration/git/remote-trouble.',
  'test/integration/git/signatures',
  'test/integration/hostile/',
  'test/integration/hosts/',
  'test/integration/kubernetes/faults.',
  'test/integration/notify/',
  'test/integration/plans/',
  'test/integration/workflows/',
];

/** @param file path from the root of the repository */
export function suiteOf(file: string): Suite {
  if (BOUNDS.includes(file)) return 'bounds';
  return MORE.some((beginning) => file.startsWith(beginning)) ? 'more' : 'main';
}

/** Reads which files a run is for: `KOMBINATOR_TESTS` names suites, with commas between them. Left out: all of them. */
export function isWanted(file: string, suites: string | undefined): boolean {
  return suites === undefined || suites.split(',').includes(suiteOf(file));
}
