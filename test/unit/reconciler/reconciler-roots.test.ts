import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import type { MemoryTarget } from '../../support/memory/memory-target.ts';
import { createMemorySource } from '../../support/memory/memory-source.ts';
import { container, createRig, file, stack } from '../../support/reconciler-rig.ts';

const NEVER = new AbortController().signal;
const WEB = container('web');
const web = (image: string) => ({ web: `image: "${image}"` });
const HOME = 'deploy/home';
const WORK = 'deploy/work';
const home = (name: string) => `${HOME}/${file(name)}`;
const work = (name: string) => `${WORK}/${file(name)}`;

describe('a daemon with a root', () => {
  it('reads that directory alone, and marks what it makes', async () => {
    await using rig = createRig({ root: HOME });
    rig.source.push({
      [home('shop')]: stack('shop', web('nginx:1.29')),
      [work('blog')]: stack('blog', web('nginx:1.29')),
      [file('top')]: stack('top', web('nginx:1.29')),
    });
    await rig.reconciler.start();
    const view = await rig.reaches('shop', 'in_sync');

    expect(rig.reconciler.stackNames()).toEqual(['shop']);
    expect(view).toMatchObject({ file: file('shop'), deployment: { tag: 'deploy/@deploy+home/shop/1' } });
    expect(rig.reconciler.repository()).toMatchObject({ root: HOME, branch: 'main', error: null });
    const [owned] = await rig.engine().owned(NEVER);
    expect(owned?.branches).toEqual(['main:deploy/home']);
  });

  it('plans and does nothing when a push touches other directories', async () => {
    await using rig = createRig({ root: HOME });
    rig.source.push({
      [home('shop')]: stack('shop', web('nginx:1.29')),
      [work('blog')]: stack('blog', web('nginx:1.28')),
    });
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    const events: string[] = [];
    using _listening = rig.reconciler.subscribe(({ type }) => void events.push(type));
    const reads = rig.source.blobReads;

    const commit = rig.source.push({ [work('blog')]: stack('blog', web('nginx:1.29')), 'README.md': 'new' });
    await rig.reconciler.refresh(NEVER);

    expect(rig.reconciler.repository().revision?.commit).toBe(commit);
    expect(rig.source.blobReads).toBe(reads);
    expect(events.filter((type) => type !== 'repository')).toEqual([]);
    expect(rig.jobs('shop')).toHaveLength(1);
  });

  it('leaves everything as it is when the directory is gone, and goes on when it is back', async () => {
    await using rig = createRig({ root: HOME });
    rig.source.push({ [home('shop')]: stack('shop', web('nginx:1.28')), 'README.md': '1' });
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');

    rig.source.push({ [home('shop')]: null });
    await expect(rig.reconciler.refresh(NEVER)).rejects.toMatchObject({
      code: 'EMPTY_REPOSITORY',
      message: expect.stringContaining('there is no directory deploy/home on main'),
    });
    expect(rig.engine().control.find('shop', WEB)?.state).toBe('running');

    rig.source.push({ [home('shop')]: stack('shop', web('nginx:1.29')) });
    await rig.ended('shop', 2);
    await rig.reaches('shop', 'in_sync');
    expect(rig.engine().control.find('shop', WEB)?.spec['image']).toBe('nginx:1.29');
  });

  it('counts removals by the stacks of the directory', async () => {
    await using rig = createRig({ root: HOME });
    const others = ['d', 'e', 'f', 'g', 'h'].map((name) => [work(name), stack(name, web('nginx:1.29'))]);
    const own = ['a', 'b', 'c'].map((name) => [home(name), stack(name, web('nginx:1.29'))]);
    rig.source.push(Object.fromEntries([...own, ...others]) as Record<string, string>);
    await rig.reconciler.start();
    for (const name of ['a', 'b', 'c']) await rig.reaches(name, 'in_sync');

    rig.source.push({ [home('a')]: null, [home('b')]: null });

    expect((await rig.reaches('a', 'blocked')).message).toContain('2 stacks are no longer described');
    await rig.reaches('b', 'blocked');
    expect(rig.engine().control.find('a', WEB)?.state).toBe('running');
  });

  it('counts them by what the operator says', async () => {
    await using rig = createRig({ root: HOME, maxRemovals: 0 });
    const own = ['a', 'b', 'c'].map((name) => [home(name), stack(name, web('nginx:1.29'))]);
    rig.source.push(Object.fromEntries(own) as Record<string, string>);
    await rig.reconciler.start();
    for (const name of ['a', 'b', 'c']) await rig.reaches(name, 'in_sync');

    rig.source.push({ [home('a')]: null });

    expect((await rig.reaches('a', 'blocked')).message).toContain('the operator lets none go at once');
    expect((await rig.apply('a', { confirm: true })).job.status).toBe('completed');
    expect(rig.engine().control.find('a', WEB)).toBeUndefined();
  });

  it('refuses files that lie outside of the directory', async () => {
    await using rig = createRig({ root: HOME });
    const bind = (path: string) => ({
      web: `image: "nginx:1.29", files: [{ source: "${path}", target: /f }]`,
    });
    rig.source.pushWrites([
      { path: home('shop'), content: stack('shop', bind('../../../../shared.env')) },
      { path: home('blog'), content: stack('blog', bind('link.env')) },
      {
        path: `${HOME}/kombinations/blog/link.env`,
        content: '../../../../shared.env',
        type: 'symlink',
      },
      { path: 'shared.env', content: 'A=1' },
    ]);
    await rig.reconciler.refresh(NEVER);

    const found = rig.reconciler.repository().diagnostics.map((one) => `${one.file} ${one.code}`);
    expect(found).toEqual([
      `${file('blog')} PATH_OUTSIDE_REPOSITORY`,
      `${file('shop')} PATH_OUTSIDE_REPOSITORY`,
    ]);
  });

  it('commits below the directory, and makes it for the first stack', async () => {
    await using rig = createRig({ root: HOME });
    rig.source.push({ 'README.md': '1' });
    await rig.reconciler.start().catch(() => undefined);
    const actor = { name: 'Ada', email: 'ada@example.org' };

    const document = { version: '1.0', meta: { name: 'shop' }, services: { web: { image: 'nginx:1.29' } } };
    await rig.reconciler.createStack('shop', document, actor, NEVER);

    await rig.reaches('shop', 'in_sync');
    const { commit } = await rig.source.resolve(NEVER);
    const paths = (await rig.source.diff(null, commit, NEVER)).map(({ path }) => path);
    expect(paths).toEqual(['README.md', home('shop')]);

    await rig.reconciler.deleteStack('shop', actor, NEVER);
    await rig.ended('shop', 2);
    expect(rig.engine().control.find('shop', WEB)).toBeUndefined();
  });
});

describe('two daemons with roots in one repository', () => {
  it('share an engine, and neither takes the stacks of the other for its own', async () => {
    const source = createMemorySource();
    const engines = new Map<string, MemoryTarget>();
    source.push({
      [home('shop')]: stack('shop', web('nginx:1.29')),
      [home('mail')]: stack('mail', web('nginx:1.29')),
      [work('blog')]: stack('blog', web('nginx:1.29')),
      [work('wiki')]: stack('wiki', web('nginx:1.29')),
    });
    await using atHome = createRig({ source, engines, root: HOME });
    await using atWork = createRig({ source, engines, root: WORK });
    await atHome.reconciler.start();
    await atHome.reaches('shop', 'in_sync');
    await atHome.reaches('mail', 'in_sync');
    await atWork.reconciler.start();
    await atWork.reaches('blog', 'in_sync');
    await atWork.reaches('wiki', 'in_sync');

    expect(await atWork.reconciler.leftovers(NEVER)).toEqual([]);
    source.push({ [home('mail')]: null });
    await eventually(
      () => atHome.engine().control.find('mail', WEB),
      (found) => found === undefined,
    );
    expect(await atHome.reconciler.leftovers(NEVER)).not.toContain('blog');
    for (const name of ['shop', 'blog', 'wiki'])
      expect(atHome.engine().control.find(name, WEB)?.state, name).toBe('running');
  });

  it('take over a stack of the same name only after a yes', async () => {
    const source = createMemorySource();
    const engines = new Map<string, MemoryTarget>();
    source.push({
      [home('shop')]: stack('shop', web('nginx:1.28')),
      [work('shop')]: stack('shop', web('nginx:1.29')),
      [file('shop')]: stack('shop', web('nginx:1.29')),
    });
    await using atHome = createRig({ source, engines, root: HOME });
    await using atWork = createRig({ source, engines, root: WORK });
    await atHome.reconciler.start();
    await atHome.reaches('shop', 'in_sync');

    await atWork.reconciler.start();

    const { message } = await atWork.reaches('shop', 'blocked');
    expect(message).toContain('another directory of this one');
    expect(atHome.engine().control.find('shop', WEB)?.spec['image']).toBe('nginx:1.28');
  });

  it('have tags of their own for stacks of one name, and find them again', async () => {
    const source = createMemorySource();
    source.push({
      [home('shop')]: stack('shop', web('nginx:1.28')),
      [work('shop')]: stack('shop', web('nginx:1.29')),
    });
    await using atHome = createRig({ source, root: HOME });
    await using atWork = createRig({ source, root: WORK });
    await using everywhere = createRig({ source: createMemorySource() });
    everywhere.source.push({ [file('shop')]: stack('shop', web('nginx:1.28')) });
    for (const rig of [atHome, atWork, everywhere]) {
      await rig.reconciler.start();
      await rig.reaches('shop', 'in_sync');
    }

    const names = (await source.tags('')).map(({ name }) => name);
    expect(names).toEqual(['deploy/@deploy+home/shop/1', 'deploy/@deploy+work/shop/1']);
    expect((await atHome.reconciler.listTags()).map(({ name }) => name)).toEqual([names[0]]);
    expect(await everywhere.tags('shop')).toEqual(['deploy/shop/1']);
    await using again = await atHome.restart();
    await again.reconciler.start();
    await again.reaches('shop', 'in_sync');
    expect(await again.reconciler.history('shop')).toMatchObject([{ tag: 'deploy/@deploy+home/shop/1' }]);
    expect(again.jobs('shop')).toEqual([]);
  });
});
