import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { TestRepository } from '../../support/git/git-repo.ts';
import { commitFiles, createBareRepo, gitTestEnvironment } from '../../support/git/git-repo.ts';
import { openSource } from '../../support/git/git-sources.ts';

/* Objects that somebody has written by hand: Git takes them, and nobody would check them out. */

const signal = new AbortController().signal;

function write({ path }: TestRepository, input: string | Buffer, ...args: readonly string[]): string {
  const options = { cwd: path, input, env: gitTestEnvironment(), maxBuffer: 2 ** 26 };
  return execFileSync('git', args, options).toString().trim();
}

const object = (repo: TestRepository, type: string, content: string | Buffer): string =>
  write(repo, content, 'hash-object', '-w', '--literally', '-t', type, '--stdin');

function commitOf(repo: TestRepository, tree: string, time = '1', message = 'hostile\n'): string {
  const by = `Eve <eve@x> ${time} +0000`;
  return object(repo, 'commit', `tree ${tree}\nauthor ${by}\ncommitter ${by}\n\n${message}`);
}

/** A directory that holds the one before it many times, and so on. */
function explode(repo: TestRepository, leaf: string, levels: number, copies = 100): string {
  let id = leaf;
  const long = 'd'.repeat(copies === 1 ? 250 : 1);
  for (let level = 0; level < levels; level += 1) {
    const lines = Array.from({ length: copies }, (_, at) => `040000 tree ${id}\t${long}${at}\n`);
    id = write(repo, lines.join(''), 'mktree');
  }
  return id;
}

describe.each([{ gitCommand: 'git' }, { gitCommand: null }])(
  'a bare repository, read with $gitCommand',
  (how) => {
    it('ends reading trees that were made to explode', async () => {
      await using repo = await createBareRepo();
      await using opened = await openSource({ location: repo.path, ...how });
      const { source } = opened;
      const first = await commitFiles(repo, { 'a/f': '1' }, 'first');
      const empty = write(repo, '', 'mktree');
      const file = write(repo, `100644 blob ${object(repo, 'blob', 'x')}\tf\n`, 'mktree');
      for (const tree of [explode(repo, empty, 6), explode(repo, file, 4), explode(repo, file, 20, 1)]) {
        const commit = commitOf(repo, tree);
        await expect(source.diff(null, commit, signal)).rejects.toMatchObject({ code: 'GIT_ERROR' });
        await expect(source.diff(first, commit, signal)).rejects.toMatchObject({ code: 'GIT_ERROR' });
      }
      expect(await source.diff(null, first, signal)).toHaveLength(1);
    });

    it('reads no commit and no directory of any size', async () => {
      await using repo = await createBareRepo();
      await using opened = await openSource({ location: repo.path, ...how });
      const tree = write(repo, '', 'mktree');
      const huge = commitOf(repo, tree, '1', 'x'.repeat(2 ** 21));
      write(repo, '', 'update-ref', 'refs/heads/main', huge);
      await expect(opened.source.resolve(signal)).rejects.toThrow(/has \d+ bytes; at most 1048576 are read/);
    });

    it('reads a commit of no time that there is', async () => {
      await using repo = await createBareRepo();
      await using opened = await openSource({ location: repo.path, ...how });
      write(
        repo,
        '',
        'update-ref',
        'refs/heads/main',
        commitOf(repo, write(repo, '', 'mktree'), '9'.repeat(20)),
      );
      expect((await opened.source.resolve(signal)).time).toBe('1970-01-01T00:00:00.000Z');
    });

    it('lists the other tags where one is damaged, or of no time that there is', async () => {
      await using repo = await createBareRepo();
      await using opened = await openSource({ location: repo.path, ...how });
      const commit = await commitFiles(repo, { f: '1' }, 'first');
      const tag = (time: string): string =>
        object(repo, 'tag', `object ${commit}\ntype commit\ntag x\ntagger Eve <e> ${time} +0000\n\nhi\n`);
      const tags = {
        'deploy/web/1': tag('7'),
        'deploy/web/2': tag('9'.repeat(30)),
        'deploy/web/3': object(repo, 'tag', 'object nothing\n\nhi\n'),
        'deploy/web/4': object(repo, 'commit', 'no tree\n\nhi\n'),
        'deploy/web/5': object(repo, 'blob', 'a file'),
      };
      // Git itself points no ref at what is damaged; a disk may.
      mkdirSync(join(repo.path, 'refs/tags/deploy/web'), { recursive: true });
      for (const [name, id] of Object.entries(tags))
        writeFileSync(join(repo.path, 'refs/tags', name), `${id}\n`);
      const listed = (await opened.source.tags('deploy/web/')).map(({ name, time }) => `${name} ${time}`);
      expect(listed).toEqual([
        'deploy/web/1 1970-01-01T00:00:07.000Z',
        'deploy/web/2 1970-01-01T00:00:00.000Z',
      ]);
    });
  },
);
