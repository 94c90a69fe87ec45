import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CliProcess } from '../../support/cli/cli-process.ts';
import { createCliProcess } from '../../support/cli/cli-process.ts';
import { buildTestImage } from '../../support/docker/test-image.ts';
import { workerEngine } from '../../support/docker/worker-engine.ts';
import type { TestRepository } from '../../support/git/git-repo.ts';
import { commitFiles, createBareRepo } from '../../support/git/git-repo.ts';

/* One command applies a stack and another one that makes the network and the volume which the first uses. */

const IMAGE = 'kombinator-shared/busybox:1';
const dockerHost = workerEngine();
let repository: TestRepository;
let cli: CliProcess;

const member = (name: string, parts: string) => ({
  [`kombinations/${name}/kombination.yaml`]: `version: "1.0"
meta: { name: ${name} }
services:
  web:
    image: ${IMAGE}
    pull_policy: never
    init: true
    stop_grace_period: 1s
    command: ["/bin/busybox", "sleep", "1000"]
    networks: [front]
    volumes: ["films:/films"]
${parts}`,
});

beforeAll(async () => {
  await buildTestImage(dockerHost, IMAGE);
  repository = await createBareRepo();
  const external =
    'networks: { front: { external: true, name: zoo_front } }\nvolumes: { films: { external: true, name: zoo_films } }\n';
  const files = {
    ...member('ant', external),
    ...member('zoo', 'networks: { front: }\nvolumes: { films: }\n'),
  };
  await commitFiles(repository, files, 'Two that share');
  cli = await createCliProcess({ DOCKER_HOST: dockerHost, KOMBINATOR_STABLE: '1s' });
});
afterAll(async () => {
  await cli.run('destroy', '--repo', repository.path, '--stack', 'ant', '--yes');
  await cli.run('destroy', '--repo', repository.path, '--stack', 'zoo', '--volumes', '--yes');
  await cli[Symbol.asyncDispose]();
});

it('plans and applies both in one go, the one that makes them first', async () => {
  const plan = await cli.run('plan', '--repo', repository.path, '--detailed-exitcode');
  expect(plan.code).toBe(2);
  expect(plan.stdout + plan.stderr).toContain('network front is made by the stack zoo, which comes first');
  expect(plan.stdout + plan.stderr).not.toContain('has none of that name');

  const apply = await cli.run('apply', '--repo', repository.path, '--yes');
  expect(apply).toMatchObject({ code: 0 });

  expect(await cli.run('plan', '--repo', repository.path, '--detailed-exitcode')).toMatchObject({ code: 0 });
  const gone = await cli.run('destroy', '--repo', repository.path, '--stack', 'zoo', '--yes');
  expect(gone.stdout + gone.stderr).toContain('ant needs zoo, and goes on without it');
});
