import { afterAll } from 'vitest';
import type { Secret } from '../../reconciler/model/secret.ts';
import { Secret as SecretValue } from '../../reconciler/model/secret.ts';
import { createBareRepo, createWorkRepo } from '../support/git/git-repo.ts';
import { startGitServer } from '../support/git/git-server.ts';
import { startSshServer } from '../support/git/git-ssh-server.ts';
import { describeSourceContract } from './source.ts';
import { describeSignatureContract } from './source-signatures.ts';
import { build, buildInMemory, withKey } from './sources/source-build.ts';

const password: Secret = new SecretValue('s3cret', 'test');

describeSourceContract('in memory', buildInMemory);

describeSignatureContract('in memory', buildInMemory);

describeSignatureContract('local bare repository', () =>
  withKey(async (signingKey) => {
    const repository = await createBareRepo();
    return build(repository, { location: repository.path, signingKey });
  }),
);

describeSourceContract('local bare repository', async () => {
  const repository = await createBareRepo();
  return build(repository, { location: repository.path });
});

describeSourceContract('local repository with a work tree', async () => {
  const repository = await createWorkRepo();
  return build(repository, { location: repository.path });
});

describeSourceContract('http remote', async () => {
  const repository = await createBareRepo();
  const auth = { username: 'kombinator', password: password.reveal() };
  const server = await startGitServer({ repository: repository.path, auth });
  const credentials = { username: auth.username, password };
  return build(repository, { location: server.url, credentials }, server);
});

const sshServer = await startSshServer({ protocol: 2 });
const command = await sshServer.shareConnection();
afterAll(() => sshServer[Symbol.asyncDispose]());

describeSourceContract('ssh remote', async () => {
  const repository = await createBareRepo();
  return build(repository, { location: `${sshServer.url}${repository.path}`, ssh: { command } });
});
