import { describe, expect, it } from 'vitest';
import { formatRelease, parseRelease, readRelease } from '../../../reconciler/model/release-tag.ts';
import type { Reconciler } from '../../../reconciler/index.ts';
import { ReconcilerError } from '../../../reconciler/index.ts';
import { changingPlan, jobOf, runFakeCli, type FakeWorld } from '../../support/cli/cli-harness.ts';
import { createRig, file, stack } from '../../support/reconciler-rig.ts';
import type { Rig } from '../../support/reconciler-rig.ts';

const SIGNAL = new AbortController().signal;
const ADA = { name: 'Ada', email: 'ada@example.org' };
const release = (version: string, service = 'shop') => ({ service, version, environment: 'prod' }) as const;

describe('the name of a release tag', () => {
  it.each([
    ['shop-v1.2.3-prod', { service: 'shop', version: '1.2.3', environment: 'prod' }],
    [
      'my-shop-v2-v1.10.0-rc1-staging',
      { service: 'my-shop-v2', version: '1.10.0-rc1', environment: 'staging' },
    ],
  ])('%s is read as it is written', (tag, parts) => {
    const parsed = parseRelease(tag);
    expect(parsed).toEqual(parts);
    expect(parsed && formatRelease(parsed)).toBe(tag);
  });

  it.each(['deploy/shop/1', 'shop-v1.2-prod', 'shop-v1.2.3-test', 'v1.2.3-prod', 'shop-v1.2.3-prod/x'])(
    '%s is none',
    (tag) => expect(parseRelease(tag)).toBeNull(),
  );

  it('is checked part by part, with all that is wrong at once', () => {
    expect(readRelease({ service: 'shop', version: 'v1.2.3', environment: 'production' })).toEqual(
      release('1.2.3'),
    );
    expect(() => readRelease({ service: 'a/b', version: '1', environment: 'live' })).toThrow(
      '"a/b" is no service; "1" is no version, such as 1.2.3 or 1.2.3-rc1; "live" is no environment: dev, staging, prod',
    );
  });
});

async function withVersions(): Promise<{ rig: Rig; first: string; second: string }> {
  const rig = createRig();
  const shop = (image: string) => stack('shop', { web: `image: "nginx:${image}"` });
  const other = {
    [file('other')]: stack('other', { cache: 'image: "nginx:1.28"', web: 'image: "nginx:1.28"' }),
  };
  const first = rig.source.push({ [file('shop')]: shop('1.28'), ...other });
  await rig.apply('shop');
  const second = rig.source.push({ [file('shop')]: shop('1.29') });
  await rig.apply('shop');
  return { rig, first, second };
}

const create = (rig: Rig, version: string, more: Partial<Parameters<Reconciler['createRelease']>[0]> = {}) =>
  rig.reconciler.createRelease({ release: release(version), actor: ADA, ...more }, SIGNAL);

describe('a release', () => {
  it('is a tag on the newest commit, or another, made once', async () => {
    const { rig, first, second } = await withVersions();
    await using _ = rig;
    const tag = await create(rig, '1.2.3');
    expect(tag).toMatchObject({
      name: 'shop-v1.2.3-prod',
      commit: second,
      message: 'Deploy shop v1.2.3 to prod',
    });
    await expect(create(rig, '1.2.3')).rejects.toMatchObject({ code: 'TAG_EXISTS' });
    const moved = await create(rig, '1.2.3', { force: true, commit: first.slice(0, 10), message: 'Back' });
    expect(moved).toMatchObject({ commit: first, message: 'Back' });
    await expect(create(rig, '9.9.9', { commit: 'nowhere' })).rejects.toMatchObject({ code: 'BAD_OPTIONS' });
  });

  it('is of a stack, or of a service that one stack only has', async () => {
    const { rig } = await withVersions();
    await using _ = rig;
    const of = (service: string) => create(rig, '1.0.0', { release: release('1.0.0', service) });
    expect((await of('cache')).name).toBe('cache-v1.0.0-prod');
    await expect(of('web')).rejects.toThrow(
      'Invalid service: web is a service of several stacks: other, shop',
    );
    await expect(of('nope')).rejects.toThrow('Invalid service: nope is no stack, and no service of one');
  });

  it('moves and goes only where it is', async () => {
    const { rig, first } = await withVersions();
    await using _ = rig;
    await create(rig, '1.2.3');
    expect(await rig.reconciler.moveRelease(release('1.2.3'), first, SIGNAL)).toMatchObject({
      commit: first,
      message: `Moved tag to ${first}`,
    });
    await rig.reconciler.deleteRelease(release('1.2.3'), SIGNAL);
    await expect(rig.reconciler.deleteRelease(release('1.2.3'), SIGNAL)).rejects.toMatchObject({
      code: 'UNKNOWN_TAG',
    });
  });

  it('is deployed with a commit of the files of its stack alone, and leaves a deployment of its own', async () => {
    const { rig, first, second } = await withVersions();
    await using _ = rig;
    await create(rig, '1.0.0', { commit: first });
    const status = () => rig.reconciler.releaseStatus(release('1.0.0'), SIGNAL);
    expect(await status()).toMatchObject({
      deployed: false,
      deployment: { number: 2 },
      differs: [file('shop')],
    });

    const {
      commit,
      job,
      stack: name,
    } = await rig.reconciler.deployRelease(release('1.0.0'), { actor: ADA, trigger: 'cli' }, SIGNAL);

    expect([name, job]).toEqual(['shop', null]);
    const head = await rig.source.resolve(SIGNAL);
    expect(head).toMatchObject({ commit, author: ADA, subject: 'Deploy shop-v1.0.0-prod' });
    expect((await rig.source.diff(second, head.commit, SIGNAL)).map(({ path }) => path)).toEqual([
      file('shop'),
    ]);
    await rig.apply('shop');
    expect(await rig.tags('shop')).toHaveLength(3);
    expect(await status()).toMatchObject({ deployed: true, deployment: { number: 3 }, differs: [] });
  });

  it('is deployed where the commits since have changed nothing of what runs', async () => {
    const { rig } = await withVersions();
    await using _ = rig;
    const text = stack('shop', { web: 'image: "nginx:1.29"' });
    rig.source.push({ [file('shop')]: `# only a word\n${text}` });
    await create(rig, '1.0.0');
    const status = () => rig.reconciler.releaseStatus(release('1.0.0'), SIGNAL);
    expect(await status()).toMatchObject({
      deployed: true,
      deployment: { number: 2 },
      differs: [file('shop')],
    });
    rig.source.push({ [file('shop')]: stack('shop', { web: 'image: "nginx:1.28"' }) });
    expect((await status()).deployed).toBe(false);
  });

  it('whose files are there already is applied without a commit', async () => {
    const { rig, second } = await withVersions();
    await using _ = rig;
    await create(rig, '2.0.0');
    const deployed = await rig.reconciler.deployRelease(
      release('2.0.0'),
      { actor: ADA, trigger: 'cli' },
      SIGNAL,
    );
    expect(deployed.commit).toBeNull();
    const { job } = await rig.reconciler.waitForJob(deployed.job?.id ?? '', SIGNAL);
    expect(job).toMatchObject({ status: 'completed', stack: 'shop' });
    expect((await rig.source.resolve(SIGNAL)).commit).toBe(second);
  });

  it('from before its stack was described is not deployed', async () => {
    const { rig, first } = await withVersions();
    await using _ = rig;
    rig.source.push({ [file('late')]: stack('late', { web: 'image: "nginx:1.28"' }) });
    await create(rig, '1.0.0', { release: release('1.0.0', 'late'), commit: first });
    await expect(
      rig.reconciler.deployRelease(release('1.0.0', 'late'), { actor: ADA, trigger: 'cli' }, SIGNAL),
    ).rejects.toThrow(
      'late-v1.0.0-prod does not describe late: it has no kombinations/late/kombination.yaml',
    );
  });
});

describe('kombinator tag', () => {
  const tag = {
    name: 'shop-v1.2.3-prod',
    commit: 'c'.repeat(40),
    message: 'Deploy',
    time: '2026-01-01T00:00:00Z',
  };
  function world(more: Partial<Reconciler> = {}): FakeWorld & { readonly asked: unknown[] } {
    const asked: unknown[] = [];
    const note =
      <T>(what: string, answer: T) =>
      async (...args: readonly unknown[]) => {
        asked.push([what, ...args.slice(0, -1)]);
        return answer;
      };
    const known: Partial<Reconciler> = {
      listTags: async () => [tag, { ...tag, name: 'deploy/shop/1' }],
      createRelease: note('create', tag),
      moveRelease: note('move', tag),
      deleteRelease: note('delete', tag),
      deployRelease: note('deploy', { tag, stack: 'shop', commit: 'd'.repeat(40), job: null }),
    };
    return { plans: { shop: changingPlan('shop') }, more: { ...known, ...more }, asked };
  }
  const PLACE = ['-s', 'shop', '-e', 'prod', '-v', '1.2.3'];

  it('list prints both schemes, or those of one service', async () => {
    const { stdout } = await runFakeCli(['tag', 'list', 'shop'], world());
    expect(stdout.split('\n').map((line) => line.split('\t')[0])).toEqual([
      'shop-v1.2.3-prod',
      'deploy/shop/1',
      '',
    ]);
    expect((await runFakeCli(['tag', 'list', 'web'], world())).stdout).toBe('');
  });

  it('create, move and delete do what they say', async () => {
    const fine = world();
    await runFakeCli(['tag', 'create', ...PLACE, '-c', 'main', '-m', 'Now', '-f'], fine);
    await runFakeCli(['tag', 'move', ...PLACE, '--commit', 'abc'], fine);
    await runFakeCli(['tag', 'delete', ...PLACE, '--yes'], fine);
    expect(fine.asked).toMatchObject([
      [
        'create',
        { release: release('1.2.3'), commit: 'main', message: 'Now', force: true, actor: { name: 'me' } },
      ],
      ['move', release('1.2.3'), 'abc'],
      ['delete', release('1.2.3')],
    ]);
  });

  it.each([
    [['delete', ...PLACE], 'shop-v1.2.3-prod is production, and needs a yes'],
    [['deploy', ...PLACE], 'shop-v1.2.3-prod is production, and needs a yes'],
    [['rollback', ...PLACE], 'shop-v1.2.3-prod is production, and needs a yes'],
    [['move', ...PLACE], 'where to?'],
    [['create', '-s', 'shop'], '--env, --release is missing'],
    [['create', '-s', 'shop', '-e', 'live', '-v', '1'], '"1" is no version'],
  ])('%j is refused: %s', async (argv, message) => {
    const fine = world();
    const { code, stderr } = await runFakeCli(['tag', ...argv], fine);
    expect([code, stderr, fine.asked]).toEqual([1, expect.stringContaining(message), []]);
  });

  it('says only what it would do', async () => {
    const fine = world();
    const { code, stdout } = await runFakeCli(['tag', 'deploy', ...PLACE, '-d', '-f'], fine);
    expect([code, stdout, fine.asked]).toEqual([0, 'shop-v1.2.3-prod would be deployed\n', []]);
  });

  it('deploy makes the tag where there is none', async () => {
    const unknown = new ReconcilerError('UNKNOWN_TAG', 'there is no such tag');
    let attempts = 0;
    const deployRelease: Reconciler['deployRelease'] = async () => {
      attempts += 1;
      if (attempts === 1) throw unknown;
      return { tag, stack: 'shop', commit: null, job: jobOf('shop') };
    };
    const fine = world({ deployRelease });
    const { code, stdout } = await runFakeCli(['tag', 'deploy', ...PLACE, '--yes'], fine);
    expect([code, stdout, fine.asked.length]).toEqual([0, '✓ shop is as it is at shop-v1.2.3-prod\n', 1]);
  });

  it('delete of what is not there is a warning', async () => {
    const deleteRelease = async () => Promise.reject(new ReconcilerError('UNKNOWN_TAG', 'none'));
    const { code, stderr } = await runFakeCli(['tag', 'delete', ...PLACE, '-f'], world({ deleteRelease }));
    expect([code, stderr.trim()]).toEqual([0, 'there is no tag shop-v1.2.3-prod']);
  });

  it('status takes its words in order, and ends with 1 when something else is deployed', async () => {
    const status = { tag, stack: 'shop', deployment: null, deployed: false, differs: ['a.yaml'] };
    const asked: unknown[] = [];
    const releaseStatus: Reconciler['releaseStatus'] = async (wanted) => {
      asked.push(wanted);
      return status;
    };
    const { code, stdout } = await runFakeCli(
      ['tag', 'status', 'shop', '1.2.3', 'prod'],
      world({ releaseStatus }),
    );
    expect([code, asked]).toEqual([1, [release('1.2.3')]]);
    expect(stdout).toContain('not deployed; shop was never deployed\n  differs: a.yaml');
    const same = world({ releaseStatus: async () => ({ ...status, deployed: true }) });
    const fine = await runFakeCli(['tag', 'status', 'shop', '1.2.3', 'prod'], same);
    expect([fine.code, fine.stdout]).toEqual([
      0,
      expect.stringContaining('deployed; shop was never deployed\n  changes nothing of what runs: a.yaml'),
    ]);
  });
});
