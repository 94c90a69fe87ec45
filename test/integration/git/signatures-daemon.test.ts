import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createKombinator } from '../../../reconciler/daemon/create-kombinator.ts';
import { createQuietLogger } from '../../support/fakes/quiet-logger.ts';
import type { TestContent, TestRepository } from '../../support/git/git-repo.ts';
import { commitFiles, createBareRepo, git } from '../../support/git/git-repo.ts';
import { startGitServer } from '../../support/git/git-server.ts';
import type { Sign } from '../../support/git/signing.ts';
import { createSigners, formatSigned, moveBranch, writeCommitObject } from '../../support/git/signing.ts';
import { file, stack } from '../../support/reconciler-rig.ts';

const signal = new AbortController().signal;
const signers = await createSigners();
const ada = await signers.ssh('ada');
const allowedSigners = await signers.write('allowed_signers', `ada@example.org ${ada.publicKey}\n`);
const config = await signers.write(
  'operator.yaml',
  `git: { signatures: { allowedSigners: ${allowedSigners} } }\n`,
);
const root = await mkdtemp(join(tmpdir(), 'kombinator-signatures-'));
afterAll(async () => {
  await signers[Symbol.asyncDispose]();
  await rm(root, { recursive: true, force: true });
});

const shop = (tag: string) => ({ [file('shop')]: stack('shop', { web: `image: nginx:${tag}` }) });

/** Pushes a commit, with a signature or without. */
async function push(
  repository: TestRepository,
  files: Readonly<Record<string, TestContent>>,
  sign?: Sign,
): Promise<string> {
  const unsigned = await commitFiles(repository, files, 'change');
  const [tree = '', ...parents] = (
    await git(repository.gitdir, 'log', '-1', '--format=%T %P', unsigned)
  ).split(' ');
  const content = await formatSigned({ tree, parents: parents.filter((parent) => parent !== ''), sign });
  const commit = await writeCommitObject(repository, content);
  await moveBranch(repository, commit);
  return commit;
}

describe.each(['local', 'http'])(
  'a daemon that wants commits to be signed, on a repository that is %s',
  (kind) => {
    it('applies what is signed, across restarts and its own commits', async () => {
      await using repository = await createBareRepo();
      const server = kind === 'http' ? await startGitServer({ repository: repository.path }) : null;
      const stateDir = join(root, kind);
      const open = (more: { readonly config?: string } = {}) =>
        createKombinator({
          repo: server?.url ?? repository.path,
          stateDir,
          config,
          logger: createQuietLogger(),
          env: {},
          ...more,
        });
      const before = await push(repository, { 'README.md': 'before signatures' });
      const first = await push(repository, shop('1.28'), ada.sign);
      const actor = { name: 'Grace', email: 'grace@example.org' };

      const written = await (async () => {
        await using daemon = await open();
        const { reconciler } = daemon;
        expect((await reconciler.refresh(signal)).revision?.commit).toBe(first);
        const document = {
          version: '1.0',
          meta: { name: 'blog' },
          services: { web: { image: 'nginx:1.29' } },
        };
        const { commit } = await reconciler.createStack('blog', document, actor, signal);
        expect(reconciler.repository()).toMatchObject({ error: null, revision: { commit }, stacks: 2 });
        return commit;
      })();

      const bad = await push(repository, shop('1.29'));
      await push(repository, { 'README.md': 'on top' }, ada.sign);
      {
        await using daemon = await open();
        const { reconciler } = daemon;
        await expect(reconciler.refresh(signal)).rejects.toMatchObject({ code: 'COMMIT_NOT_VERIFIED' });
        const { error, revision, stacks } = reconciler.repository();
        expect(error?.message).toContain(
          `1 of 2 new commits cannot be trusted, and ${written.slice(0, 12)} is`,
        );
        expect(error?.message).toContain(
          `${bad.slice(0, 12)} "change" by Ada <ada@example.org> is not signed`,
        );
        expect([revision?.commit, stacks]).toEqual([written, 2]);

        // Back to what was never signed, and back to what was.
        await moveBranch(repository, before);
        await expect(reconciler.refresh(signal)).rejects.toMatchObject({ code: 'COMMIT_NOT_VERIFIED' });
        await moveBranch(repository, first);
        expect((await reconciler.refresh(signal)).revision?.commit).toBe(first);
        await moveBranch(repository, bad);
        await expect(reconciler.refresh(signal)).rejects.toMatchObject({ code: 'COMMIT_NOT_VERIFIED' });
      }

      const text = `git: { signatures: { allowedSigners: ${allowedSigners}, since: ${bad} } }\n`;
      const vouching = join(root, `${kind}.yaml`);
      await writeFile(vouching, text);
      await using daemon = await open({ config: vouching });
      expect((await daemon.reconciler.refresh(signal)).revision?.commit).toBe(bad);
      await server?.[Symbol.asyncDispose]();
    });
  },
);
