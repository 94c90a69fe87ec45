import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GitSourceOptions } from '../../../reconciler/adapters/git/index.ts';
import { createRootedSource } from '../../../reconciler/adapters/git/rooted-source.ts';
import type { FileWrite } from '../../../reconciler/ports/source.ts';
import type { TestContent, TestRepository } from '../../support/git/git-repo.ts';
import { checkout, commitFiles } from '../../support/git/git-repo.ts';
import { openSource } from '../../support/git/git-sources.ts';
import { createMemorySource } from '../../support/memory/memory-source.ts';
import type { SourceHarness } from '../source-harness.ts';

const MODES = { file: '100644', executable: '100755', symlink: '120000' } as const;

function toContents(writes: readonly FileWrite[]): Record<string, TestContent> {
  return Object.fromEntries(
    writes.map(({ path, content, type }) => [
      path,
      content === null ? null : { mode: MODES[type ?? 'file'], content },
    ]),
  );
}

/** The same, read from a directory of the repository that has other files beside it. */
export async function inDirectory(harness: SourceHarness): Promise<SourceHarness> {
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
export async function build(
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

export async function buildInMemory(): Promise<SourceHarness> {
  const source = createMemorySource();
  return {
    source,
    push: async (writes, message) => source.pushWrites(writes, message),
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };
}

/** A key in a directory of its own, where sources make it. */
export async function withKey(build: (signingKey: string) => Promise<SourceHarness>): Promise<SourceHarness> {
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
