import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FakeWorld } from '../../support/cli/cli-harness.ts';
import { changingPlan, planOf, runFakeCli } from '../../support/cli/cli-harness.ts';
import { createWorkRepo } from '../../support/git/git-repo.ts';

const inSync: FakeWorld = { plans: { web: planOf('web') } };
const changed: FakeWorld = { plans: { web: changingPlan('web') } };

it('checks files of the work tree at their place in it, and others for themselves', async () => {
  await using repository = await createWorkRepo();
  const placed: string[] = [];
  const report = { valid: true, diagnostics: [], services: [], dependencies: {} };
  const more: FakeWorld['more'] = {
    validateAround(_text, { path, tree }) {
      placed.push(path, ...tree.keys());
      return Promise.resolve(report);
    },
    validate: () => report,
  };
  const file = join(repository.path, 'stacks/a/kombination.yaml');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, 'version: "1.0"\n');
  const world = { ...inSync, more };
  expect(await runFakeCli(['validate', file, '--repo', repository.path], world)).toMatchObject({ code: 0 });
  expect(placed).toEqual(['stacks/a/kombination.yaml', 'stacks']);
  expect(await runFakeCli(['validate', file, '--repo', '.'], world)).toMatchObject({ code: 0 });
  expect(placed).toHaveLength(2);
});

describe('tags of a checkout', () => {
  const deployed: FakeWorld = { ...changed, jobs: { web: { tag: 'deploy/web/3' } } };

  it('are said to be in it alone where it is a clone, and lost with a runner', async () => {
    await using repository = await createWorkRepo();
    const apply = ['apply', '--repo', repository.path];
    expect((await runFakeCli(apply, deployed)).stderr).toBe('');
    const config = join(repository.path, '.git/config');
    writeFileSync(
      config,
      `${readFileSync(config, 'utf8')}[remote "origin"]\n\turl = https://git.example.org/c\n`,
    );
    const { code, stderr } = await runFakeCli(apply, deployed);
    expect([code, stderr]).toEqual([
      0,
      expect.stringContaining('! deploy/web/3 is in this checkout alone: git push'),
    ]);
    expect((await runFakeCli(apply, deployed, { env: { CI: 'true' } })).stderr).toContain(
      'with this runner it is lost',
    );
    expect((await runFakeCli(apply, inSync)).stderr).toBe('');
    expect(JSON.parse((await runFakeCli([...apply, '--json'], deployed)).stdout)).toMatchObject({
      lostTags: expect.stringContaining('deploy/web/3'),
    });
  });

  it('that were not pushed are told with the reason', async () => {
    const world = { ...deployed, more: { tagError: () => 'no route' } };
    const { stderr } = await runFakeCli(['apply', '--repo', 'https://git.example.org/c'], world);
    expect(stderr).toContain('! deploy/web/3 did not get to the repository (no route)');
    expect((await runFakeCli(['apply', '--repo', 'https://git.example.org/c'], deployed)).stderr).toBe('');
  });
});
