import { expect, it } from 'vitest';
import { DEFAULT_HOST_SETTINGS } from '../../../reconciler/ports/hosts/host-settings.ts';
import { eventually } from '../../support/eventually.ts';
import { createMemoryHost } from '../../support/memory/memory-host.ts';
import { createMemorySource } from '../../support/memory/memory-source.ts';
import type { MemoryTarget } from '../../support/memory/memory-target.ts';
import { createRig, file, stack } from '../../support/reconciler-rig.ts';

const path = (root: string, name: string) => `${root}/${file(name)}`;
const web = (image: string) => ({ web: `image: "${image}"` });

it('daemons with roots in one repository have a status and a comment each at its host', async () => {
  const host = createMemoryHost();
  const source = createMemorySource();
  const engines = new Map<string, MemoryTarget>();
  const base = source.push({
    [path('home', 'shop')]: stack('shop', web('nginx:1.28')),
    [path('work', 'blog')]: stack('blog', web('nginx:1.28')),
  });
  const shared = { source, engines, gitHost: host, hostSettings: DEFAULT_HOST_SETTINGS };
  await using home = createRig({ ...shared, root: 'home' });
  await using work = createRig({ ...shared, root: 'work' });
  await home.reconciler.start();
  await work.reconciler.start();
  await home.reaches('shop', 'in_sync');
  await work.reaches('blog', 'in_sync');

  const head = source.commitBeside(base, { [path('home', 'shop')]: stack('shop', web('nginx:1.29')) });
  host.propose(1, head);
  for (const rig of [home, work]) rig.reconciler.noteHook({ type: 'pull', number: 1, delivery: head });

  const told = async (root: string) => {
    const context = `kombinator/plan ${root}`;
    const status = await eventually(
      () => host.status(head, context),
      (one) => one?.state === 'success',
      4_000,
    );
    return status?.description;
  };
  expect(await told('home')).toMatch(/^1 stack: /);
  expect(await told('work')).toBe('no stack concerned');
  expect(host.status(head, 'kombinator/plan')).toBeUndefined();
  const comments = host.comments(1).map((text) => text.split('\n')[0]);
  expect(new Set(comments)).toEqual(
    new Set(['<!-- kombinator:plan @home/ -->', '<!-- kombinator:plan @work/ -->']),
  );
  expect(comments).toHaveLength(2);
  expect(host.comments(1).join('\n')).toContain('the directory `home` of the repository');
});
