import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { Secret } from '../../reconciler/model/secret.ts';
import { Secret as SecretValue } from '../../reconciler/model/secret.ts';
import type { GitSourceOptions } from '../../reconciler/adapters/git/index.ts';
import { createRootedSource } from '../../reconciler/adapters/git/rooted-source.ts';
import type { FileWrite } from '../../reconciler/ports/source.ts';
import type { TestContent, TestRepository } from '../support/git/git-repo.ts';
import { checkout, commitFiles, createBareRepo, createWorkRepo } from '../support/git/git-repo.ts';
import { startGitServer } from '../support/git/git-server.ts';
import { openSource } from '../support/git/git-sources.ts';
import { startSshServer } from '../support/git/git-ssh-server.ts';
import { createMemorySource } from '../support/memory/memory-source.ts';
import type { SourceHarness } from './source-harness.ts';
import { describeSourceContract } from './source.ts';
import { describeSignatureContract } from './source-signatures.ts';

const MODES = { file: '100644', executable: '100755', symlink: '120000' } as const;
const password: Secret = new SecretValue('s3cret', 'test');

function toContents(writes: readonly FileWrite[]): Record<string, TestContent> {
  return Object.fromEntries(
    writes.map(({ path, content, type }) => [
      path,
      content === null ? null : { mode: MODES[type ?? 'file'], content },
    ]),
  );
}

/** The same, read from a directory of the repository that has other files beside it. */
async function inDirectory(harness: SourceHarness): Promise<SourceHarness> {
  const root = 'deploy/home';
  const source = createRootedSource(harness.source, root);
  return {
    source,
    push: (writes, message) =>
      harness.push(
        writes.map((write) => ({ ...write, path: `${root}/${write.path}` })),
        message,
      ),
    [Symbol.asyncDispose]: () => harness[Symbol.asyncDispose](),
  };
}

/** A repository, whatever serves it, and a source on it; disposed in that order, last first. */
async function build(
  repository: TestRepository,
  options: Partial<GitSourceOptions> & Pick<GitSourceOptions, 'location'>,
  server?: AsyncDisposable,
): Promise<SourceHarness> {
  const opened = await openSource(options);
  return {
    source: opened.source,
    push: async (writes, message) => {
      const commit = await commitFiles(repository, toContents(writes), message);
      if (repository.path !== repository.gitdir) await checkout(repository);
      return commit;
    },
    [Symbol.asyncDispose]: async () => {
      await opened[Symbol.asyncDispose]();
      await server?.[Symbol.asyncDispose]();
      await repository[Symbol.asyncDispose]();
    },
  };
}

async function buildInMemory(): Promise<SourceHarness> {
  const source = createMemorySource();
  return {
    source,
    push: async (writes, message) => source.pushWrites(writes, message),
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };
}

/** A key in a directory of its own, where sources make it. */
async function withKey(build: (signingKey: string) => Promise<SourceHarness>): Promise<SourceHarness> {
  const directory = await mkdtemp(join(tmpdir(), 'kombinator-signing-'));
  const harness = await build(join(directory, 'signing'));
  return {
    ...harness,
    [Symbol.asyncDispose]: async () => {
      await harness[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

describeSourceContract('in memory', buildInMemory);
describeSignatureContract('in memory', buildInMemory);

describeSignatureContract('local bare repository', () =>
  withKey(async (signingKey) => {
    const repository = await createBareRepo();
    return build(repository, { location: repository.path, signingKey });
  }),
);

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

describeSourceContract('local bare repository', async () => {
  const repository = await createBareRepo();
  return build(repository, { location: repository.path });
});

describeSourceContract('local bare repository without the git command', async () => {
  const repository = await createBareRepo();
  return build(repository, { location: repository.path, gitCommand: null });
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

for (const protocol of [2, 0] as const) {
  const sshServer = await startSshServer({ protocol });
  const command = await sshServer.shareConnection();
  afterAll(() => sshServer[Symbol.asyncDispose]());

  describeSourceContract(`ssh remote, protocol ${protocol}`, async () => {
    const repository = await createBareRepo();
    return build(repository, { location: `${sshServer.url}${repository.path}`, ssh: { command } });
  });
}
