import { describe, expect, it } from 'vitest';
import { ReconcilerError } from '../../../reconciler/base/errors.ts';
import { eventually } from '../../support/eventually.ts';
import { createFastClock } from '../../support/fakes/fast-clock.ts';
import { openMemoryHostRig } from '../../support/hosts/memory-host-rig.ts';
import { createMemoryHost } from '../../support/memory/memory-host.ts';
import { file, stack } from '../../support/reconciler-rig.ts';

const PLAN = 'kombinator/plan';

const SHOP = { [file('shop')]: stack('shop', { web: 'image: nginx:1.28' }) };

describe('plans of pull requests', () => {
  it('are of the merge, with the commits that they are of, in one comment and a status', async () => {
    await using place = await openMemoryHostRig(SHOP);
    await place.rig.reaches('shop', 'in_sync');

    const head = place.propose(7, { [file('shop')]: stack('shop', { web: 'image: nginx:1.29' }) });

    expect(await place.settles(head, 'success')).toBe('1 stack: 1 to replace');
    const [comment = '', ...others] = place.host.comments(7);
    expect(others).toEqual([]);
    expect(comment.split('\n')[0]).toBe('<!-- kombinator:plan -->');
    expect(comment).toContain(head.slice(0, 10));
    expect(comment).toContain('nginx:1.29');
    expect(place.host.history(7)[0]).toContain('out of date');
    expect(place.rig.reconciler.listJobs({ stack: 'shop', limit: 9 }).jobs.map(({ type }) => type)).toEqual([
      'apply',
    ]);
    place.rig.reconciler.noteHook({ type: 'pull', number: 7, delivery: 'again' });
    await place.settles(place.propose(8, { 'x.txt': '1' }), 'success');
    const states = place.host.statuses.filter(({ commit }) => commit === head).map(({ state }) => state);
    expect(states).toEqual(['pending', 'success']);
    expect(place.host.history(7)).toHaveLength(2);
  });

  it('say that nothing is concerned only where that was found out', async () => {
    await using place = await openMemoryHostRig(SHOP);
    const head = place.propose(1, { 'README.md': 'words' });
    expect(await place.settles(head, 'success')).toBe('no stack concerned');

    const broken = place.propose(1, { 'README.md': 'words', [file('web')]: 'version: [' });
    expect(await place.settles(broken, 'failure')).toMatch(/kombinations\/web\/kombination.yaml/);
    expect(place.host.comments(1)[0]).toContain('❌');
  });

  it('are made anew when the branch or the pull request moves, and nothing old is left standing', async () => {
    await using place = await openMemoryHostRig(SHOP);
    const first = place.propose(2, { [file('web')]: stack('web', { a: 'image: nginx:1.28' }) });
    await place.settles(first, 'success');
    const base = place.rig.source.push({ 'notes.txt': 'other' });
    await place.rig.reconciler.refresh(new AbortController().signal);
    await eventually(
      () => place.host.comments(2)[0] ?? '',
      (text) => text.includes(base.slice(0, 10)) && !text.includes('Planning'),
      4_000,
    );

    const second = place.propose(2, { [file('web')]: stack('web', { a: 'image: nginx:1.29' }) });
    await place.settles(second, 'success');

    const [comment = '', ...more] = place.host.comments(2);
    expect(more).toEqual([]);
    expect(comment).toContain(second.slice(0, 10));
    expect(comment).toContain(base.slice(0, 10));
    expect(comment).not.toContain(first.slice(0, 10));
    for (const text of place.host.history(2))
      expect(text.includes('nginx:1.28') && text.includes(second.slice(0, 10))).toBe(false);
  });

  it('are thrown away when the branch moves while they are made', async () => {
    const host = createMemoryHost();
    let looks = 0;
    let moved = '';
    const getPull: typeof host.getPull = async (...all) => {
      looks += 1;
      // The first look is before the plan, the second after it.
      if (looks === 2)
        moved = await place.push({ [file('shop')]: stack('shop', { web: 'image: nginx:1.29' }) });
      return host.getPull(...all);
    };
    await using place = await openMemoryHostRig(SHOP, { host: { ...host, getPull } });
    await place.rig.reaches('shop', 'in_sync');

    const head = place.propose(1, { [file('shop')]: stack('shop', { web: 'image: nginx:1.29' }) });

    expect(await place.settles(head, 'success')).toBe('no stack concerned');
    const text = await place.says(1, (one) => one.includes('has planned'));
    expect(text).toContain(moved.slice(0, 10));
    const told = host.history(1).filter((one) => one.includes('has planned'));
    expect(told.filter((one) => one.includes(place.base.slice(0, 10)))).toEqual([]);
    const successes = host.statuses.filter(({ context, state }) => context === PLAN && state === 'success');
    expect(successes.map(({ description }) => description)).toEqual(['no stack concerned']);
  });

  it('tell conflicts, removals, and more than can be told', async () => {
    await using place = await openMemoryHostRig({
      ...SHOP,
      [file('old')]: stack('old', { a: 'image: nginx:1.28' }),
    });
    await place.rig.reaches('old', 'in_sync');
    const fork = place.rig.reconciler.repository().revision?.commit ?? '';

    const removal = place.propose(3, { [file('old')]: null });
    expect(await place.settles(removal, 'success')).toMatch(/^1 stack: \d to delete/);

    place.rig.source.push({ [file('shop')]: stack('shop', { web: 'image: nginx:1.29' }) });
    await place.rig.reconciler.refresh(new AbortController().signal);
    const late = place.propose(4, { [file('shop')]: stack('shop', { other: 'image: nginx:1.28' }) }, fork);
    expect(await place.settles(late, 'failure')).toBe('in conflict with the branch in 1 file');
    expect(place.host.comments(4)[0]).toContain('kombinations/shop/kombination.yaml');

    const tip = place.rig.reconciler.repository().revision?.commit ?? '';
    const nothing = place.propose(5, { [file('shop')]: null, [file('old')]: null }, tip);
    expect(await place.settles(nothing, 'error')).toContain('nothing would be described any more');
  });

  it('are no success where more stacks would be removed than may be at once', async () => {
    const names = ['a', 'b', 'c', 'd'];
    const files = (left: readonly string[]) =>
      Object.fromEntries(
        names.map((name) => [
          file(name),
          left.includes(name) ? stack(name, { web: 'image: nginx:1.28' }) : null,
        ]),
      );
    const all = Object.fromEntries(
      names.map((name) => [file(name), stack(name, { web: 'image: nginx:1.28' })]),
    );
    await using place = await openMemoryHostRig(all, { maxRemovals: 2 });
    for (const name of names) await place.rig.reaches(name, 'in_sync');

    const head = place.propose(1, files(['a']));

    const described = await place.settles(head, 'error');
    expect(await place.says(1, (text) => text.includes('| `d` |'))).toContain('⚠️');
    const merged = await place.push(files(['a']));
    expect(await place.becomes(merged, 'pending')).toMatch(/stacks? as described|waits/);
    for (const name of ['b', 'c', 'd']) await place.rig.reaches(name, 'blocked');
    const states = place.host.statuses.filter(({ commit }) => commit === merged).map(({ state }) => state);
    expect([described !== '', states.includes('success')]).toEqual([true, false]);
  });

  it('are no success where a machine does not answer', async () => {
    await using place = await openMemoryHostRig(SHOP);
    await place.rig.reaches('shop', 'in_sync');
    place.rig
      .engine()
      .control.outage(new ReconcilerError('TARGET_UNREACHABLE', 'local is away', { retryable: true }));

    const head = place.propose(8, { [file('shop')]: stack('shop', { web: 'image: nginx:1.29' }) });

    expect(await place.settles(head, 'error')).toContain('no plan of shop');
  });

  it('are not made of forks, unless the operator says so, nor of other branches', async () => {
    await using place = await openMemoryHostRig(SHOP);
    const head = place.rig.source.commitBeside(place.rig.reconciler.repository().revision?.commit ?? '', {
      [file('web')]: stack('web', { a: 'image: nginx:1.28' }),
    });
    place.host.propose(1, head, { isFork: true });
    place.host.propose(2, head, { base: 'release' });
    place.rig.reconciler.noteHook({ type: 'pull', number: 1, delivery: '1' });
    place.rig.reconciler.noteHook({ type: 'pull', number: 2, delivery: '2' });
    const seen = place.propose(3, { 'x.txt': '1' });
    await place.settles(seen, 'success');

    expect(place.host.comments(1)).toEqual([]);
    expect(place.host.comments(2)).toEqual([]);
    expect(place.host.status(head, PLAN)).toBeUndefined();
  });

  it('read no secret that is not in force', async () => {
    const text = (reference: string) =>
      stack('shop', { web: `image: nginx:1.28, environment: { KEY: "${reference}" }` });
    await using place = await openMemoryHostRig(
      { [file('shop')]: text('secret://env/DB') },
      { secrets: { 'secret://env/DB': 'hunter2hunter2', 'secret://env/OTHER': 'correct horse' } },
    );
    await place.rig.reaches('shop', 'in_sync');

    const same = place.propose(1, { [file('shop')]: `${text('secret://env/DB')}# more\n` });
    expect(await place.settles(same, 'success')).toBe('1 stack: nothing to change');
    const other = place.propose(1, { [file('shop')]: text('secret://env/OTHER') });
    expect(await place.settles(other, 'success')).toMatch(/replace|update/);

    // One that is not there would be found out by looking.
    const missing = place.propose(1, { [file('shop')]: text('secret://env/MISSING') });
    expect(await place.settles(missing, 'success')).toMatch(/replace|update/);

    const said = [
      ...place.host.history(1),
      ...place.host.statuses.map(({ description }) => description),
    ].join();
    expect(said).not.toContain('hunter2');
    expect(said).not.toContain('correct horse');
  });

  it('tell what the host did not take once it does', async () => {
    await using place = await openMemoryHostRig(SHOP);
    place.host.failWith(new ReconcilerError('HOST_UNREACHABLE', 'the host is away', { retryable: true }));
    const head = place.propose(1, { 'x.txt': '1' });
    await place.rig.reaches('shop', 'in_sync');
    expect(place.host.statuses).toEqual([]);

    place.host.failWith(null);

    expect(await place.settles(head, 'success')).toBe('no stack concerned');
  });
});

describe('a host that does not take everything', () => {
  it('is told of a plan again when it refused the comment, or the status', async () => {
    const host = createMemoryHost();
    const refusal = new ReconcilerError('HOST_REFUSED', 'Resource not accessible by integration');
    let refused: 'upsertComment' | 'setStatus' | null = 'upsertComment';
    const strict = {
      ...host,
      upsertComment: (...all: Parameters<typeof host.upsertComment>) =>
        refused === 'upsertComment' ? Promise.reject(refusal) : host.upsertComment(...all),
      setStatus: (...all: Parameters<typeof host.setStatus>) =>
        refused === 'setStatus' ? Promise.reject(refusal) : host.setStatus(...all),
    };
    await using place = await openMemoryHostRig(SHOP, { host: strict, clock: createFastClock(2_000) });
    const first = place.propose(1, { 'x.txt': '1' });
    await place.settles(first, 'pending');
    expect(place.host.comments(1)).toEqual([]);

    refused = 'setStatus';
    await place.says(1, (text) => text.includes('No stack is concerned'));
    expect(place.host.status(first, PLAN)?.state).toBe('pending');

    refused = null;
    expect(await place.settles(first, 'success')).toBe('no stack concerned');
  });

  it('is told why a merge could not be tried', async () => {
    await using place = await openMemoryHostRig(SHOP);
    place.host.propose(1, 'd'.repeat(40));
    place.rig.reconciler.noteHook({ type: 'pull', number: 1, delivery: '1' });

    expect(await place.settles('d'.repeat(40), 'error')).not.toBe('');

    expect(await place.says(1, (text) => !text.includes('Planning'))).toContain('could not be found out');
  });
});
