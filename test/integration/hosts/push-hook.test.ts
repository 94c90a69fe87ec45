import { expect, it } from 'vitest';
import { createGiteaHost } from '../../../reconciler/adapters/hosts/gitea.ts';
import { createHostFetch } from '../../../reconciler/adapters/hosts/host-fetch.ts';
import { commitFiles } from '../../support/git/git-repo.ts';
import { createGiteaDialect } from '../../support/hosts/gitea-double.ts';
import { startHostDouble } from '../../support/hosts/host-double.ts';
import { startHookRig } from '../../support/hosts/hook-rig.ts';
import { HEAD } from '../../support/hosts/host-world.ts';
import { sendHook } from '../../support/hosts/send-hook.ts';
import { file, stack } from '../../support/reconciler-rig.ts';

const SECRET = 'kombinator-hook-secret-1234';

it('a push is applied when its hook comes, and not before: the remote is asked once a day otherwise', async () => {
  await using double = await startHostDouble(createGiteaDialect('gitea'));
  const open = () => {
    const { address, api, world } = double;
    const { repository } = world;
    return createGiteaHost('gitea', { address, api, repository, token: null, fetch: createHostFetch() });
  };
  await using rig = await startHookRig(double, open, SECRET);
  const { reconciler, repository, url } = rig;
  const version = (tag: string) => ({ [file('shop')]: stack('shop', { web: `image: nginx:${tag}` }) });
  await commitFiles(repository, version('1.28'), 'first');
  await reconciler.start();
  expect(reconciler.repository().host).toEqual({ kind: 'gitea', address: double.address });
  await expect.poll(() => reconciler.listJobs({ stack: 'shop' }).jobs[0]?.status).toBe('completed');

  const seen: string[] = [];
  using _ = reconciler.subscribe((event) => {
    if (event.type === 'repository') seen.push(`read ${event.revision}`);
    if (event.type === 'job' && event.job.type === 'apply' && event.job.status === 'running')
      seen.push(`job ${event.job.revision}`);
  });
  const commit = await commitFiles(repository, version('1.29'), 'second');
  const other = { type: 'push', ref: 'refs/heads/other', after: HEAD } as const;
  expect((await sendHook(url, double.hook(other, { secret: SECRET }))).status).toBe(202);
  expect(
    (await sendHook(url, double.hook({ ...other, ref: 'refs/heads/main' }, { secret: 'x' }))).status,
  ).toBe(401);
  expect(seen).toEqual([]);

  const pushed = double.hook({ type: 'push', ref: 'refs/heads/main', after: commit }, { secret: SECRET });
  expect((await sendHook(url, pushed)).status).toBe(202);
  await expect.poll(() => [...new Set(seen)]).toEqual([`read ${commit}`, `job ${commit}`]);
});
