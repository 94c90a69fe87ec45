import { mkdtempDisposable, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createRepositoryFetcher } from '../../../reconciler/adapters/git/fetcher.ts';
import { Secret } from '../../../reconciler/model/secret.ts';
import { commitFiles, createBareRepo } from '../../support/git/git-repo.ts';
import { startGitServer } from '../../support/git/git-server.ts';
import { createRecordedLog, realClock } from '../../support/git/git-sources.ts';

const { signal } = new AbortController();
const COMPOSE = 'services: { web: { image: nginx } }\n';

it('reads repositories of places that the operator names, and leaves nothing behind', async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), 'kombinator-fetched-'));
  await using repository = await createBareRepo();
  await commitFiles(repository, { 'docker-compose.yml': COMPOSE, 'a/b': 'x'.repeat(20_000) }, 'Begin');
  let moved: number | null = null;
  await using server = await startGitServer({ repository: repository.path, fault: () => moved });
  const copies = join(directory.path, 'imports');
  const options = {
    places: [{ address: server.url }],
    setting: 'imports.from',
    directory: copies,
    resolveSecret: (reference: string) => new Secret('x', reference),
    clock: realClock,
    logger: createRecordedLog(),
  };
  const fetcher = createRepositoryFetcher(options);
  {
    await using opened = await fetcher.fetch(server.url, null, signal);
    expect(opened.files.map(({ path }) => path)).toEqual(['a/b', 'docker-compose.yml']);
    const blobs = opened.files.map(({ blob }) => blob);
    const sizes = new Map<string, number | null>();
    for await (const { blob, content } of opened.readBlobs(blobs, 10_000, signal))
      sizes.set(blob, content?.byteLength ?? null);
    expect(blobs.map((blob) => sizes.get(blob))).toEqual([null, COMPOSE.length]);
    expect(await readdir(copies)).toHaveLength(1);
  }
  expect(await readdir(copies)).toEqual([]);

  await expect(fetcher.fetch(server.url, 'nowhere', signal)).rejects.toMatchObject({
    code: 'BRANCH_NOT_FOUND',
  });
  const small = createRepositoryFetcher({ ...options, maxPackBytes: 100 });
  await expect(small.fetch(server.url, null, signal)).rejects.toMatchObject({ code: 'GIT_ERROR' });
  moved = 302;
  await expect(fetcher.fetch(server.url, null, signal)).rejects.toMatchObject({
    code: 'REPOSITORY_NOT_FOUND',
    message: expect.stringContaining('it has moved') as string,
  });
  expect(await readdir(copies)).toEqual([]);

  const before = server.requests.length;
  const { port } = new URL(server.url);
  for (const address of [
    `file://${repository.path}`,
    repository.path,
    `http://localhost:${port}/a`,
    `http://127.0.0.1:${port}/other`,
    `http://user:password@127.0.0.1:${port}/a`,
    'ext::sh -c id',
    'http://169.254.169.254/latest/meta-data',
  ])
    await expect(fetcher.fetch(address, null, signal), address).rejects.toMatchObject({
      code: 'BAD_OPTIONS',
      message: expect.not.stringContaining('password') as string,
    });
  expect(server.requests).toHaveLength(before);
});
