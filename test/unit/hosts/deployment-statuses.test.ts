import { describe, expect, it } from 'vitest';
import { createSqliteStore } from '../../../reconciler/adapters/sqlite/sqlite-store.ts';
import { ReconcilerError } from '../../../reconciler/base/errors.ts';
import { eventually } from '../../support/eventually.ts';
import { createFastClock } from '../../support/fakes/fast-clock.ts';
import type { MemoryHostRig } from '../../support/hosts/memory-host-rig.ts';
import { openMemoryHostRig } from '../../support/hosts/memory-host-rig.ts';
import { createMemoryHost } from '../../support/memory/memory-host.ts';
import { file, stack } from '../../support/reconciler-rig.ts';

const DEPLOY = 'kombinator/deploy';

const SHOP = { [file('shop')]: stack('shop', { web: 'image: nginx:1.28' }) };

describe('statuses of deployments', () => {
  it('stand at the commit: under way, then as described', async () => {
    await using place = await openMemoryHostRig(SHOP);
    await place.rig.reaches('shop', 'in_sync');

    const commit = await place.push({
      [file('shop')]: stack('shop', { web: 'image: nginx:1.29' }),
      [file('web')]: stack('web', { a: 'image: nginx:1.29' }),
    });

    expect(await place.becomes(commit, 'success')).toBe('2 stacks as described');
    const own = place.host.statuses.filter((status) => status.commit === commit);
    expect(own[0]?.state).toBe('pending');
    expect(own.filter(({ state }) => state === 'success')).toHaveLength(1);
    expect(new Set(own.map(({ context }) => context))).toEqual(new Set([DEPLOY]));
  });

  it('say it where no stack is concerned, and where one is removed', async () => {
    await using place = await openMemoryHostRig({
      ...SHOP,
      [file('old')]: stack('old', { a: 'image: nginx:1.28' }),
    });
    await place.rig.reaches('old', 'in_sync');

    expect(await place.becomes(await place.push({ 'README.md': 'x' }), 'success')).toBe('no stack concerned');
    expect(await place.becomes(await place.push({ [file('old')]: null }), 'success')).toBe(
      '1 stack as described',
    );
  });

  it('are failures with the reason, until it is mended', async () => {
    await using place = await openMemoryHostRig(SHOP);
    await place.rig.reaches('shop', 'in_sync');
    const broken = await place.push({ [file('shop')]: stack('shop', { web: 'image: nginx:9.99' }) });
    expect(await place.becomes(broken, 'failure')).toMatch(/^shop: /);

    const mended = await place.push({ [file('shop')]: stack('shop', { web: 'image: nginx:1.29' }) });

    expect(await place.becomes(mended, 'success')).toBe('1 stack as described');
    expect(place.host.status(broken, DEPLOY)?.state).toBe('failure');
  });

  it('are no success of the commit after one that has failed, for as long as that is so', async () => {
    await using place = await openMemoryHostRig(SHOP);
    await place.rig.reaches('shop', 'in_sync');
    await place.becomes(
      await place.push({ [file('shop')]: stack('shop', { web: 'image: nginx:9.99' }) }),
      'failure',
    );

    const other = await place.push({ [file('web')]: stack('web', { a: 'image: nginx:1.28' }) });
    await place.rig.reaches('web', 'in_sync');

    expect(await place.becomes(other, 'failure')).toMatch(/^shop: /);
    const states = place.host.statuses.filter(({ commit }) => commit === other).map(({ state }) => state);
    expect(states).not.toContain('success');
  });

  it('of a commit that another one overtook are those of the other', async () => {
    await using place = await openMemoryHostRig(SHOP);
    await place.rig.reaches('shop', 'in_sync');
    const policy = 'policy: { prune: confirm }\n';
    await place.push({ [file('slow')]: stack('slow', { web: WEB, old: WEB }, policy) });
    await place.rig.reaches('slow', 'in_sync');
    const first = await place.push({ [file('slow')]: stack('slow', { web: WEB }, policy) });
    await place.rig.reaches('slow', 'blocked');
    expect(await place.becomes(first, 'pending')).toMatch(/^slow waits: /);

    const second = await place.push({ [file('slow')]: stack('slow', { web: WEB, old: WEB }, policy) });

    expect(await place.becomes(second, 'success')).toBe('1 stack as described');
    expect(await place.becomes(first, 'success')).toBe(
      `as a part of ${second.slice(0, 10)}: 1 stack as described`,
    );
  });

  it('are no success of a stack that people have stopped, or hold', async () => {
    await using place = await openMemoryHostRig({ ...SHOP, [file('web')]: stack('web', { a: WEB }) });
    const { reconciler } = place.rig;
    for (const name of ['shop', 'web']) await place.rig.reaches(name, 'in_sync');
    reconciler.control({ stack: 'shop', action: 'stop', actor: null, trigger: 'api' });
    await place.rig.reaches('shop', 'stopped');
    reconciler.hold('web', { name: 'ada', email: 'ada@example.org' });

    const commits = [
      // A new description starts a stopped stack again; this one has other words alone.
      await place.push({ [file('shop')]: `${SHOP[file('shop')] ?? ''}# words\n` }),
      await place.push({ [file('web')]: stack('web', { a: 'image: nginx:1.29' }) }),
    ];

    const described = await eventually(
      () => commits.map((commit) => place.host.status(commit, DEPLOY)?.description ?? ''),
      (texts) => texts.every((text) => text.includes('waits')) && texts[1]?.includes('(and 1 more)') === true,
      4_000,
    );
    expect(described[0]).toContain('shop waits: ');
    expect(described[1]).toMatch(/^shop waits: .*\(and 1 more\)$/);
    const states = place.host.statuses
      .filter(({ commit }) => commits.includes(commit))
      .map(({ state }) => state);
    expect(new Set(states)).toEqual(new Set(['pending']));
    await place.rig.reaches('shop', 'stopped');
  });

  it('of a commit that the branch has left are no success of the one that it went back to', async () => {
    const policy = 'policy: { prune: confirm }\n';
    await using place = await openMemoryHostRig({
      [file('shop')]: stack('shop', { web: WEB, old: WEB }, policy),
    });
    const { rig, base } = place;
    await rig.reaches('shop', 'in_sync');
    const left = await place.push({ [file('shop')]: stack('shop', { web: WEB }, policy) });
    expect(await place.becomes(left, 'pending')).toMatch(/stack/);
    await rig.reaches('shop', 'blocked');

    rig.source.moveBranch(base);
    await rig.reconciler.refresh(new AbortController().signal);

    expect(await place.becomes(base, 'success')).toBe('1 stack as described');
    expect(await place.becomes(left, 'error')).toContain(base.slice(0, 10));
    const states = place.host.statuses.filter(({ commit }) => commit === left).map(({ state }) => state);
    expect(states).not.toContain('success');
  });

  it.each([
    ['kombinator.yaml', 'sync: ['],
    ['nodes/x.yaml', 'foo: ['],
    ['stackkits/k/stackkit.yaml', ': ['],
    ['clusters/c.yaml', 'server: ['],
    ['kombinations/web/kombination.yaml', 'version: ['],
  ])('are failures where %s has errors, whatever stack it is of', async (path, text) => {
    await using place = await openMemoryHostRig(SHOP);
    await place.rig.reaches('shop', 'in_sync');

    const broken = await place.push({ [path]: text });
    await place.becomes(broken, 'failure');
    const states = place.host.statuses.filter(({ commit }) => commit === broken).map(({ state }) => state);
    expect(states).not.toContain('success');

    const mended = await place.push({ [path]: null });
    await place.becomes(mended, 'success');
  });

  it('make deployments where the operator has named an environment', async () => {
    await using place = await openMemoryHostRig(SHOP, { settings: { environment: 'production' } });
    await place.rig.reaches('shop', 'in_sync');

    const commit = await place.push({ [file('shop')]: stack('shop', { web: 'image: nginx:1.29' }) });
    await place.becomes(commit, 'success');
    await eventually(
      () => place.host.deployments.at(-1)?.state,
      (state) => state === 'success',
      4_000,
    );

    const own = place.host.deployments.filter((one) => one.commit === commit);
    expect(own[0]).toMatchObject({ environment: 'production', state: 'in_progress' });
    expect(own.at(-1)).toMatchObject({ state: 'success' });
  });
});

const VOLUME = 'volumes: { data: {} }\n';
const WITH_DATA = stack('shop', { web: 'image: nginx:1.28, volumes: ["data:/data"]' }, VOLUME);
const POLICY = 'policy: { prune: confirm }\n';
const WEB = 'image: nginx:1.28';

describe('the yes of a comment', () => {
  async function merged(place: MemoryHostRig): Promise<string> {
    const { rig, host } = place;
    const wanted = { [file('shop')]: stack('shop', { web: WEB }, POLICY) };
    place.propose(5, wanted);
    await place.says(5, (text) => text.includes('has planned'));
    const commit = await place.push(wanted);
    host.merged(5, commit);
    rig.reconciler.noteHook({ type: 'pull', number: 5, delivery: '2' });
    const text = await place.says(5, (one) => one.includes('kombinator confirm'));
    const plan = /kombinator confirm (\w+)/.exec(text)?.[1];
    if (plan === undefined) throw new Error(`no plan to confirm in ${text}`);
    return plan;
  }

  it('counts from those whom the operator has named and the host lets write, for exactly this plan', async () => {
    await using place = await openMemoryHostRig(
      {
        [file('shop')]: stack(
          'shop',
          { web: WEB, old: `${WEB}, volumes: ["data:/data"]` },
          `${POLICY}${VOLUME}`,
        ),
      },
      { settings: { confirm: ['Alice'] } },
    );
    const { rig, host } = place;
    await rig.reaches('shop', 'in_sync');
    const plan = await merged(place);
    await rig.reaches('shop', 'blocked');
    const say = async (author: string, text: string, isEdited = false) => {
      const news = host.write(5, author, text, isEdited);
      rig.reconciler.noteHook(news);
      rig.reconciler.noteHook(news);
      const id = news.type === 'comment' ? news.comment : '';
      const seen = await eventually(
        () => host.reactions.filter(({ comment }) => comment === id),
        (list) => list.length > 0,
        4_000,
      );
      return seen.map(({ answer }) => answer);
    };
    host.permit('mallory', 'admin');
    expect(await say('mallory', `kombinator confirm ${plan}`)).toEqual(['no']);
    expect(await say('alice', `kombinator confirm ${plan}`)).toEqual(['no']);
    host.permit('alice', 'write');
    expect(await say('alice', 'kombinator confirm 01ARZ3NDEKTSV4RRFFQ69G5FAV')).toEqual(['no']);
    expect(await say('alice', 'kombinator destroy everything')).toEqual(['no']);
    expect(await say('alice', `kombinator confirm ${plan}`, true)).toEqual(['no']);
    for (const more of [
      { volumes: true },
      { mode: 'destroy' },
      { mode: 'destroy', volumes: true },
    ] as const) {
      const made = await rig.reconciler.plan(
        { stack: 'shop', actor: null, trigger: 'api', ...more },
        new AbortController().signal,
      );
      expect(made.plan.confirmations).not.toEqual([]);
      expect(await say('alice', `kombinator confirm ${made.planId}`)).toEqual(['no']);
    }
    expect(rig.reconciler.getStack('shop').state).toBe('blocked');

    expect(await say('alice', `kombinator confirm ${plan}\n\nLooks good.`)).toEqual(['yes']);

    await rig.reaches('shop', 'in_sync');
    const [job] = rig.jobs('shop');
    expect(job).toMatchObject({ type: 'apply', actor: 'alice', trigger: 'comment' });
    const text = await eventually(
      () => host.comments(5)[0] ?? '',
      (one) => one.includes('Deployed'),
      4_000,
    );
    const history = host.history(5).join('\n');
    expect(history).toContain('mallory');
    expect(history).toContain('destroy everything');
    expect(text).toContain('alice has said yes');
    expect(host.comments(5)).toHaveLength(1);
  });

  it('counts in the next process as well, whose comment says how it went', async () => {
    const store = createSqliteStore({ path: ':memory:', clock: createFastClock() });
    await using place = await openMemoryHostRig(
      { [file('shop')]: stack('shop', { web: WEB, old: WEB }, POLICY) },
      { settings: { confirm: ['alice'] }, store },
    );
    await place.rig.reaches('shop', 'in_sync');
    const plan = await merged(place);
    place.host.permit('alice', 'write');
    await using next = await place.rig.restart({ store });
    await next.reconciler.start();
    await next.reaches('shop', 'blocked');

    next.reconciler.noteHook(place.host.write(5, 'alice', `kombinator confirm ${plan}`));

    await next.reaches('shop', 'in_sync');
    const jobs = next.jobs('shop').map(({ actor, trigger }) => `${actor ?? ''} ${trigger}`);
    expect(jobs).toContain('alice comment');
    expect(await place.says(5, (text) => text.includes('Deployed'))).toContain('said yes');
  });

  it('is refused where the host does not tell what somebody may do', async () => {
    const host = createMemoryHost();
    const refusal = new ReconcilerError('HOST_REFUSED', 'the token may not ask');
    await using place = await openMemoryHostRig(
      { [file('shop')]: stack('shop', { web: WEB, old: WEB }, POLICY) },
      { settings: { confirm: ['alice'] }, host: { ...host, permissionOf: () => Promise.reject(refusal) } },
    );
    await place.rig.reaches('shop', 'in_sync');
    const plan = await merged(place);

    place.rig.reconciler.noteHook(host.write(5, 'alice', `kombinator confirm ${plan}`));

    await place.says(5, (text) => text.includes('the token may not ask'));
    expect(host.reactions.map(({ answer }) => answer)).toEqual(['no']);
    expect(place.rig.reconciler.getStack('shop').state).toBe('blocked');
  });

  it('says nothing to comments that are for others', async () => {
    await using place = await openMemoryHostRig(
      { [file('shop')]: WITH_DATA },
      { settings: { confirm: ['alice'] } },
    );
    const { rig, host } = place;
    host.propose(1, rig.source.commitBeside(rig.reconciler.repository().revision?.commit ?? '', { x: '1' }));
    rig.reconciler.noteHook(host.write(1, 'alice', '\n    kombinator plan\n\nis what I wrote'));
    rig.reconciler.noteHook(host.write(1, 'alice', '> kombinator plan\n\nis what you wrote'));
    rig.reconciler.noteHook(host.write(1, 'alice', '```\nkombinator plan\n```'));
    rig.reconciler.noteHook(host.write(1, 'alice', 'Please say `kombinator confirm x`'));
    rig.reconciler.noteHook(host.write(1, 'alice', 'kombinator plan'));
    await eventually(
      () => host.reactions,
      (list) => list.length > 0,
      4_000,
    );

    expect(host.reactions).toEqual([{ comment: '5', answer: 'yes' }]);
  });
});
