import { describe, expect, it } from 'vitest';
import type { GitHostKind } from '../../../reconciler/ports/hosts/git-host.ts';
import { commitFiles, git } from '../../support/git/git-repo.ts';
import { startHostDouble } from '../../support/hosts/host-double.ts';
import { HOSTS, openHost } from '../../support/hosts/host-suite.ts';
import { startHookRig } from '../../support/hosts/hook-rig.ts';
import { commentsOf } from '../../support/hosts/host-world.ts';
import { sendHook } from '../../support/hosts/send-hook.ts';
import { file, stack } from '../../support/reconciler-rig.ts';

/** Refs that hold what the first pull request proposes. */
const REFS: Readonly<Record<GitHostKind, string>> = {
  github: 'refs/pull/1/head',
  gitea: 'refs/pull/1/head',
  forgejo: 'refs/pull/1/head',
  gitlab: 'refs/merge-requests/1/head',
  bitbucket: 'refs/heads/feature-1',
};
const POLICY = 'policy: { prune: confirm }\n';
const BOTH = {
  [file('shop')]: stack('shop', { web: 'image: nginx:1.28', old: 'image: nginx:1.28' }, POLICY),
};
const WEB = { [file('shop')]: stack('shop', { web: 'image: nginx:1.28' }, POLICY) };

describe.each(HOSTS)('a pull request on $name', (parts) => {
  it('is planned beside it, told at its commits, and confirmed by a comment', async () => {
    await using double = await startHostDouble(parts.dialect);
    const { world } = double;
    await using rig = await startHookRig(double, (one) => openHost(parts, one), parts.hookSecret, {
      confirm: ['ada'],
    });
    const { reconciler, repository, url } = rig;
    const base = await commitFiles(repository, BOTH, 'first');
    await reconciler.start();
    await expect.poll(() => reconciler.listStacks()[0]?.state).toBe('in_sync');
    const tell = async (event: Parameters<typeof double.hook>[0]) =>
      expect((await sendHook(url, double.hook(event, { secret: parts.hookSecret }))).status).toBe(202);
    const statusesOf = (commit: string, context: string) =>
      world.statuses.filter((one) => one.commit === commit && one.status.context === context);
    const comment = () => commentsOf(world, 1).filter(({ author }) => author === world.login)[0]?.text ?? '';

    const head = await commitFiles(repository, WEB, 'less', { branch: 'feature-1', parent: base });
    await git(repository.gitdir, 'update-ref', REFS[parts.kind], head);
    const pull = world.addPull({ number: 1, commit: head });
    await tell({ type: 'pull', number: 1 });
    await expect
      .poll(() => statusesOf(head, 'kombinator/plan').at(-1)?.status.description)
      .toBe('1 stack: 1 to delete; 1 will wait for a yes');
    expect(comment()).toContain(`planned the merge of \`${head.slice(0, 10)}\``);
    expect(comment()).toContain('container/old');

    const merged = await commitFiles(repository, WEB, 'Merge', { parent: base });
    Object.assign(pull, { isOpen: false, isMerged: true, mergeCommit: merged });
    await tell({ type: 'push', ref: 'refs/heads/main', after: merged });
    await tell({ type: 'pull', number: 1 });
    await expect.poll(comment).toMatch(/kombinator confirm plan_\w+/);
    await expect
      .poll(() => statusesOf(merged, 'kombinator/deploy').at(-1)?.status.description)
      .toMatch(/^shop waits: /);

    const plan = /kombinator confirm (plan_\w+)/.exec(comment())?.[1] ?? '';
    world.permissions.set('ada', 'write');
    const { id } = world.addComment(1, 'ada', `kombinator confirm ${plan}`);
    await tell({ type: 'comment', number: 1, comment: id });

    await expect
      .poll(() => statusesOf(merged, 'kombinator/deploy').at(-1)?.status.description)
      .toBe('1 stack as described');
    await expect.poll(comment).toContain('✅ Deployed');
    expect(commentsOf(world, 1).filter(({ author }) => author === world.login)).toHaveLength(1);
    expect(reconciler.listJobs({ stack: 'shop' }).jobs[0]).toMatchObject({
      trigger: 'comment',
      actor: 'ada',
    });
  });
});
