import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commitFiles, createBareRepo, git, gitTestEnvironment } from '../../support/git/git-repo.ts';
import { openSource } from '../../support/git/git-sources.ts';

const signal = new AbortController().signal;

describe.each([{ gitCommand: 'git' }, { gitCommand: null }])(
  'partial clone, read with $gitCommand',
  (how) => {
    it('says what to do when files are missing, and is read once they are there', async () => {
      await using repo = await createBareRepo();
      const files = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`d/${index}`, `${index}`]));
      const commit = await commitFiles(repo, files, 'first');
      await git(repo.path, 'config', 'uploadpack.allowFilter', 'true');
      const path = join(repo.path, 'partial');
      await git(repo.path, 'clone', '--quiet', '--bare', '--filter=blob:none', `file://${repo.path}`, path);
      await using opened = await openSource({ location: path, ...how });
      const { source } = opened;
      const changes = await source.diff(null, commit, signal);
      const blobs = changes.flatMap(({ after }) => (after ? [after.blob] : []));
      const readAll = async () => {
        for await (const { content } of source.readBlobs(blobs, 1_000, signal))
          expect(content).not.toBeNull();
      };
      const mend = `git -C ${path} fetch --refetch --no-filter`;
      for (const reading of [readAll(), source.readBlob(blobs[0] ?? '')]) {
        await expect(reading).rejects.toMatchObject({
          code: 'GIT_ERROR',
          message: expect.stringMatching(/partial clone .*--refetch --no-filter/),
        });
      }
      await source.tag({ name: 'deploy/web/1', commit, message: 'Deploy' });
      const [program = '', ...args] = mend.split(' ');
      execFileSync(program, [...args, '--quiet'], { env: gitTestEnvironment() });
      await readAll();
    });
  },
);
