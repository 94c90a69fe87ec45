import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createCliProcess, type CliProcess } from '../../support/cli/cli-process.ts';
import { buildTestImage } from '../../support/docker/test-image.ts';
import { workerEngine } from '../../support/docker/worker-engine.ts';
import { commitFiles, createBareRepo, git, type TestRepository } from '../../support/git/git-repo.ts';

const IMAGE = 'kombinator-ci/busybox:1';
const dockerHost = workerEngine();
const directory = mkdtempSync(join(tmpdir(), 'kombinator-ci-'));
const pathOf = (name: string) => join(directory, name);

/** A service with a secret of each kind, and a number that a change makes another. */
const describeShop = (number: number): string => `version: "1.0"
meta: { name: shop }
services:
  web:
    image: ${IMAGE}
    pull_policy: never
    init: true
    stop_grace_period: 1s
    command: ["/bin/busybox", "sleep", "1000"]
    env: { NUMBER: "${number}", DB_PASSWORD: "secret://env/DB", PLAIN_TOKEN: hunter2 }
`;

let origin: TestRepository;
const runners: CliProcess[] = [];

beforeAll(async () => {
  await buildTestImage(dockerHost, IMAGE);
  origin = await createBareRepo();
});
afterAll(async () => {
  const [runner] = runners;
  await runner?.run('destroy', '--repo', pathOf('plan-1'), '--stack', 'shop', '--yes', '--keep-description');
  for (const each of runners) await each[Symbol.asyncDispose]();
  await origin[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

/** A runner as CI starts it: a home of its own, and a shallow checkout without a branch. */
async function startRunner(name: string) {
  const runner = await createCliProcess({
    DOCKER_HOST: dockerHost,
    CI: 'true',
    KOMBINATOR_SECRET_DB: 'sesame',
  });
  runners.push(runner);
  const path = pathOf(name);
  await git(directory, 'clone', '--quiet', '--depth', '1', `file://${origin.path}`, path);
  await git(path, 'checkout', '--quiet', '--detach');
  await git(path, 'branch', '--quiet', '-D', 'main');
  return { path, run: (...args: string[]) => runner.run(...args, '--repo', path) };
}

it('a plan that one runner saved is what another applies, each with a checkout and a state directory of its own', async () => {
  const file = pathOf('shop.plan.json');
  for (const number of [1, 2]) {
    await commitFiles(origin, { 'kombination.yaml': describeShop(number) }, `Number ${number}`);
    const planner = await startRunner(`plan-${number}`);
    expect((await planner.run('plan', '--out', file, '--detailed-exitcode')).code).toBe(2);
    const applier = await startRunner(`apply-${number}`);
    const { code, stdout, stderr } = await applier.run('apply', file, '--yes');
    expect([code, stdout]).toEqual([0, expect.stringContaining('✓ shop applied in')]);
    expect(stderr).toContain(
      'is in this checkout alone; with this runner it is lost: git push origin deploy/shop/',
    );
    expect((await planner.run('plan', '--detailed-exitcode')).code).toBe(0);
  }
  await commitFiles(origin, { 'kombination.yaml': describeShop(3) }, 'Number 3');
  const late = await startRunner('late');
  const stale = await late.run('apply', file, '--yes');
  expect([stale.code, stale.stderr]).toEqual([1, expect.stringContaining('[PLAN_STALE]')]);
});
