import { expect, it } from 'vitest';
import { createSqliteStore } from '../../../reconciler/adapters/sqlite/sqlite-store.ts';
import { ReconcilerError } from '../../../reconciler/base/errors.ts';
import type { Notification, Notifier } from '../../../reconciler/ports/notifier.ts';
import { judge, Told } from '../../../reconciler/run/notify/decide-notification.ts';
import { Lasting } from '../../../reconciler/run/notify/lasting.ts';
import { createFakeClock } from '../../support/fakes/fake-clock.ts';
import { createFastClock } from '../../support/fakes/fast-clock.ts';
import { eventually } from '../../support/eventually.ts';
import type { Rig, RigOptions } from '../../support/reconciler-rig.ts';
import { container, createRig, file, stack } from '../../support/reconciler-rig.ts';

interface Recorder extends Notifier {
  readonly told: Notification[];
  types(): readonly string[];
}

/** Keeps what it is told. */
function recorder(): Recorder {
  const told: Notification[] = [];
  return {
    name: 'recorder',
    told,
    types: () => told.map(({ type }) => type),
    notify: async (one) => void told.push(one),
  };
}

function open(options: RigOptions = {}): { readonly rig: Rig; readonly heard: Recorder } {
  const heard = recorder();
  return { rig: createRig({ notifiers: [heard], ...options }), heard };
}

/** Waits for so many of a type; fails with what was told in their place. */
async function until(heard: Recorder, type: string, count = 1): Promise<void> {
  const types = await eventually(
    () => heard.types(),
    (found) => found.filter((one) => one === type).length >= count,
    4_000,
  );
  expect(types.filter((one) => one === type).length, types.join()).toBeGreaterThanOrEqual(count);
}

const AWAY = new ReconcilerError('TARGET_UNREACHABLE', 'local: connection refused', { retryable: true });

it.each([
  ['in_sync', null, false, 'well'],
  ['failed', null, false, 'failed'],
  ['degraded', null, false, 'failed'],
  ['degraded', null, true, null],
  ['invalid', null, false, 'findings'],
  ['drifted', 'contested', false, 'drift'],
  ['blocked', 'blocked', false, 'blocked'],
  ['pending', 'frozen', false, 'frozen'],
  ['pending', 'waiting', false, null],
  ['applying', null, false, null],
  ['stopped', 'stopped', false, null],
] as const)('%s, held by %s, away %s, is %s for people', (state, hold, isAway, topic) => {
  expect(judge({ state, hold, isAway })).toBe(topic);
});

it('knows every cause of a subject until it is well, and of many the newest', () => {
  const told = new Told();
  expect(told.trouble('stack/a')).toBeNull();
  told.note('stack/a', 'failed', '1', 0);
  told.note('stack/a', 'drift', '2', 0);
  const knows = (cause: string) => told.has('stack/a', cause);
  expect([knows('1'), knows('3'), told.has('stack/b', '1')]).toEqual([true, false, false]);
  for (let cause = 3; cause <= 51; cause += 1) told.note('stack/a', 'blocked', `${cause}`, 0);
  expect([knows('1'), knows('2'), told.trouble('stack/a')]).toEqual([false, true, 'blocked']);
  told.end('stack/a', 0);
  expect([told.trouble('stack/a'), knows('2')]).toEqual([null, false]);
});

it('believes the end of a trouble that comes again within ten minutes when it has been well for ten', () => {
  const MINUTE = 60_000;
  const told = new Told();
  const round = (cause: string, at: number, end: number) => {
    told.note('stack/a', 'failed', cause, at * MINUTE);
    const settling = told.settlingMs('stack/a') / MINUTE;
    told.end('stack/a', end * MINUTE);
    return settling;
  };
  expect([
    round('1', 0, 1),
    round('1', 5, 6),
    round('2', 7, 8),
    round('2', 9, 10),
    round('2', 21, 22),
  ]).toEqual([0, 10, 0, 10, 0]);
});

it('tells of a program that crashes again and again twice, and of its end when it stays well', async () => {
  const { rig, heard } = open();
  await using _ = rig;
  rig.source.push({ [file('shop')]: stack('shop', { web: 'image: nginx:1.29' }) });
  await rig.reconciler.start();
  await rig.reaches('shop', 'in_sync');
  const sick = () =>
    rig.engine().control.setHealth('shop', container('web'), { status: 'unhealthy', reason: 'it crashed' });
  for (const count of [1, 2, 2, 2]) {
    sick();
    await rig.reaches('shop', 'degraded');
    await until(heard, 'failed', count);
    rig.engine().control.setHealth('shop', container('web'), null);
    await rig.reaches('shop', 'in_sync');
    if (count === 1) await until(heard, 'recovered');
  }
  expect(heard.types()).toEqual(['synced', 'failed', 'recovered', 'failed']);
});

it('hands on what lasts, counted from the first trouble, and not what was over in between', async () => {
  const clock = createFakeClock();
  const handed: (string | null)[] = [];
  const lasting = new Lasting(clock, ({ message }) => void handed.push(message));
  const trouble = (message: string): Notification => ({
    type: 'failed',
    stack: 'a',
    subject: 'stack/a',
    cause: message,
    code: null,
    revision: null,
    message,
    job: null,
    time: '',
  });
  lasting.wait(trouble('one'), 5_000);
  await clock.advance(4_000);
  lasting.wait(trouble('two'), 5_000);
  await clock.advance(1_001);
  expect(handed).toEqual(['two']);
  lasting.wait(trouble('three'), 5_000);
  await clock.advance(1_000);
  lasting.callOff('stack/a');
  lasting.wait(trouble('four'), 5_000);
  await clock.advance(4_500);
  expect(handed).toEqual(['two']);
  await clock.advance(600);
  expect(handed).toEqual(['two', 'four']);
  const end: Notification = { ...trouble('end'), type: 'recovered', after: 'failed' };
  lasting.wait(end, 60_000);
  await clock.advance(30_000);
  lasting.wait({ ...end, message: 'still the end' }, 60_000);
  await clock.advance(29_000);
  lasting.wait(trouble('five'), 5_000);
  await clock.advance(2_000);
  expect(handed).toEqual(['two', 'four']);
  lasting.wait(end, 0);
  await clock.advance(100_000);
  expect(handed).toEqual(['two', 'four', 'end']);
  lasting.wait(trouble('six'), 5_000);
  await lasting[Symbol.asyncDispose]();
  expect(handed).toEqual(['two', 'four', 'end']);
});

it('tells of a deployment, a failure once, and the recovery', async () => {
  const { rig, heard } = open();
  await using _ = rig;
  const commit = rig.source.push({ [file('shop')]: stack('shop', { web: 'image: nginx:1.29' }) });
  await rig.reconciler.start();
  await rig.reaches('shop', 'in_sync');
  await until(heard, 'synced');
  rig.engine().control.setHealth('shop', container('web'), { status: 'unhealthy', reason: 'it hangs' });
  await until(heard, 'failed');
  rig.engine().control.setHealth('shop', container('web'), null);
  await until(heard, 'recovered');
  expect(heard.types()).toEqual(['synced', 'failed', 'recovered']);
  const [synced, failed, recovered] = heard.told;
  expect(synced).toMatchObject({ stack: 'shop', revision: commit, tag: 'deploy/shop/1', cause: '' });
  expect(failed).toMatchObject({ subject: 'stack/shop', code: 'UNHEALTHY' });
  expect(failed?.message).toContain('it hangs');
  expect(recovered).toMatchObject({ subject: 'stack/shop', after: 'failed' });
});

it('tells of one cause once: another commit, another text and a restart are no news', async () => {
  const { rig, heard } = open();
  const sick = (reason: string) =>
    rig.engine().control.setHealth('shop', container('web'), { status: 'unhealthy', reason });
  rig.source.push({ [file('shop')]: stack('shop', { web: 'image: nginx:1.28' }) });
  await rig.reconciler.start();
  await rig.reaches('shop', 'in_sync');
  sick('it hangs since 3 s');
  await until(heard, 'failed');
  sick('it hangs since 4 s');
  rig.source.push({ [file('shop')]: stack('shop', { web: 'image: nginx:1.28' }), 'README.md': 'hello' });
  await rig.reconciler.refresh(new AbortController().signal);
  await eventually(
    () => rig.reconciler.getStack('shop').message,
    (message) => message?.includes('4 s') === true,
  );
  await using again = await rig.restart({ store: rig.store });
  await again.reconciler.start();
  await again.reaches('shop', 'degraded');
  await new Promise((resolve) => void setTimeout(resolve, 200));
  expect(heard.types().filter((type) => type === 'failed')).toHaveLength(1);
  again.engine().control.setHealth('shop', container('web'), null);
  await until(heard, 'recovered');
});

it('tells of a description with errors, and of shared files once for all stacks', async () => {
  const { rig, heard } = open();
  await using _ = rig;
  const good = stack('b', { web: 'image: nginx:1.29' });
  rig.source.push({
    [file('a')]: stack('a', { web: 'image: 5' }),
    [file('b')]: good,
  });
  await rig.reconciler.start();
  await until(heard, 'findings');
  expect(heard.told.find(({ type }) => type === 'findings')).toMatchObject({
    stack: 'a',
    subject: 'stack/a',
  });
  const fixed = { [file('a')]: stack('a', { web: 'image: nginx:1.29' }), [file('b')]: good };
  rig.source.push({ ...fixed, 'kombinator.yaml': 'policy: { drift: never }\n' });
  await rig.reconciler.refresh(new AbortController().signal);
  await eventually(
    () => heard.told,
    (told) => told.some(({ subject }) => subject === 'repository/findings'),
    4_000,
  );
  rig.source.push({ ...fixed, 'kombinator.yaml': null });
  await rig.reconciler.refresh(new AbortController().signal);
  await until(heard, 'recovered', 2);
  await new Promise((resolve) => void setTimeout(resolve, 200));
  const subjects = heard.told.filter(({ type }) => type === 'findings').map(({ subject }) => subject);
  expect(subjects).toEqual(['stack/a', 'repository/findings']);
});

it('tells of a node that is away once, with its stacks, and nothing of these besides', async () => {
  const { rig, heard } = open();
  await using _ = rig;
  const names = ['a', 'b'];
  rig.source.push(
    Object.fromEntries(names.map((name) => [file(name), stack(name, { web: 'image: nginx:1.29' })])),
  );
  await rig.reconciler.start();
  for (const name of names) await rig.reaches(name, 'in_sync');
  rig.engine().control.outage(AWAY);
  for (const name of names)
    await rig.reconciler.observe(name, new AbortController().signal).catch(() => undefined);
  await until(heard, 'node_away');
  rig.engine().control.outage(null);
  await until(heard, 'recovered');
  const news = heard.told.filter(({ type }) => type !== 'synced');
  expect(news).toMatchObject([
    { type: 'node_away', node: 'local', subject: 'node/local', stacks: names, code: 'TARGET_UNREACHABLE' },
    { type: 'recovered', subject: 'node/local', after: 'node_away' },
  ]);
});

it('tells of a push that waits for a freeze window, whose end may change', async () => {
  let until1 = 1;
  const freeze = { at: () => ({ reason: `frozen until ${until1}`, until: Number.POSITIVE_INFINITY }) };
  const { rig, heard } = open({ freeze });
  await using _ = rig;
  rig.source.push({ [file('shop')]: stack('shop', { web: 'image: nginx:1.29' }) });
  await rig.reconciler.start();
  await until(heard, 'frozen');
  until1 = 2;
  await rig.reconciler.observe('shop', new AbortController().signal);
  await eventually(
    () => rig.reconciler.getStack('shop').message,
    (message) => message === 'frozen until 2',
  );
  expect(heard.told).toMatchObject([
    { type: 'frozen', stack: 'shop', message: 'frozen until 1', code: 'FROZEN' },
  ]);
});

it('tells of a repository that cannot be read for long', async () => {
  const { rig, heard } = open({ clock: createFastClock(3_000) });
  await using _ = rig;
  rig.source.push({ [file('shop')]: stack('shop', { web: 'image: nginx:1.29' }) });
  await rig.reconciler.start();
  rig.source.failWith(new ReconcilerError('REPOSITORY_UNREACHABLE', 'no route to host'));
  await rig.reconciler.refresh(new AbortController().signal).catch(() => undefined);
  await until(heard, 'failed');
  expect(heard.told.at(-1)).toMatchObject({
    subject: 'repository',
    code: 'REPOSITORY_UNREACHABLE',
    stack: '',
  });
});

it('tells notifiers also when the store takes nothing', async () => {
  const store = createSqliteStore({ path: ':memory:', clock: createFastClock() });
  const broken = {
    ...store,
    addNotice() {
      throw new ReconcilerError('STORE_FULL', 'full');
    },
    [Symbol.dispose]: () => store[Symbol.dispose](),
  };
  const { rig, heard } = open({ store: broken });
  await using _ = rig;
  rig.source.push({ [file('shop')]: stack('shop', { web: 'image: 5' }) });
  await rig.reconciler.start();
  await until(heard, 'findings');
  expect(rig.logger.lines.some(({ message }) => message === 'a notice could not be kept')).toBe(true);
});
