import { afterAll } from 'vitest';
import { createBareRepo } from '../../support/git/git-repo.ts';
import { startGitServer } from '../../support/git/git-server.ts';
import { startSshServer } from '../../support/git/git-ssh-server.ts';
import { describeSourceContract } from '../source.ts';
import { describeSignatureContract } from '../source-signatures.ts';
import { build, buildInMemory, inDirectory, withKey } from './source-build.ts';

describeSignatureContract('http remote', () =>
  withKey(async (signingKey) => {
    const repository = await createBareRepo();
    const server = await startGitServer({ repository: repository.path });
    return build(repository, { location: server.url, signingKey }, server);
  }),
);

describeSourceContract('directory of a repository in memory', async () => inDirectory(await buildInMemory()));

describeSourceContract('directory of a local repository', async () => {
  const repository = await createBareRepo();
  return inDirectory(await build(repository, { location: repository.path }));
});

describeSourceContract('directory of an http remote', async () => {
  const repository = await createBareRepo();
  const server = await startGitServer({ repository: repository.path });
  return inDirectory(await build(repository, { location: server.url }, server));
});

describeSourceContract('local bare repository without the git command', async () => {
  const repository = await createBareRepo();
  return build(repository, { location: repository.path, gitCommand: null });
});

describeSourceContract('http remote of the old protocol', async () => {
  const repository = await createBareRepo();
  const server = await startGitServer({ repository: repository.path, protocol: 0 });
  return build(repository, { location: server.url }, server);
});

describeSourceContract('http remote without the git command', async () => {
  const repository = await createBareRepo();
  const server = await startGitServer({ repository: repository.path });
  return build(repository, { location: server.url, gitCommand: null }, server);
});

const sshServer = await startSshServer({ protocol: 0 });
const command = await sshServer.shareConnection();
afterAll(() => sshServer[Symbol.asyncDispose]());

describeSourceContract('ssh remote of the old protocol', async () => {
  const repository = await createBareRepo();
  return build(repository, { location: `${sshServer.url}${repository.path}`, ssh: { command } });
});
