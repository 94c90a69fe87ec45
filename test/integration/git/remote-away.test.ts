import { expect, it } from 'vitest';
import { createCliProcess } from '../../support/cli/cli-process.ts';
import { commitFiles, createBareRepo } from '../../support/git/git-repo.ts';
import { startGitServer } from '../../support/git/git-server.ts';

const KOMBINATION = `version: "1.0"
meta: { name: web }
services: { web: { image: "nginx:1.29" } }
`;

// Each of them said no more than that the remote is away, though its state directory holds a whole mirror.
it('shows what was read last while the remote is away, and applies nothing by it', async () => {
  await using repository = await createBareRepo();
  const commit = await commitFiles(
    repository,
    { 'kombinations/web/kombination.yaml': KOMBINATION },
    'add web',
  );
  const server = await startGitServer({ repository: repository.path });
  await using cli = await createCliProcess({ DOCKER_HOST: 'unix:///nonexistent/docker.sock' });
  const run = (...args: readonly string[]) => cli.run('--no-color', '--repo', server.url, ...args);
  expect((await run('validate')).code).toBe(0);
  await server[Symbol.asyncDispose]();

  const status = await run('status', '--json');
  expect(JSON.parse(status.stdout)).toMatchObject({ repository: { commit }, failures: [{ stack: 'web' }] });
  expect(status.stderr).toContain('the repository cannot be read now, using the last state: ');
  expect((await run('generate', 'compose', 'web')).code).toBe(0);
  // The repository is not what keeps it from planning.
  expect((await run('plan')).stderr).toContain('[TARGET_UNREACHABLE]');
  // A saved plan is held against what is in force, too.
  for (const saved of [[], ['plans.json']]) {
    const applied = await run('apply', '--yes', ...saved);
    expect(applied).toMatchObject({ code: 1, stderr: expect.stringContaining('[REPOSITORY_UNREACHABLE]') });
    expect(applied.stderr).toContain('an apply needs the newest commit');
  }
});
