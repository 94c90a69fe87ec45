import { expect, it } from 'vitest';
import { DEFAULT_EVENTS } from '../../../reconciler/model/notify/events.ts';
import type { NewsEvent, NotifyChoice } from '../../../reconciler/model/notify/events.ts';
import type { Channel } from '../../../reconciler/ports/notifier.ts';
import type { Notice, Notification } from '../../../reconciler/ports/notifier.ts';
import { ChannelQueue } from '../../../reconciler/run/notify/channel-queue.ts';
import { createFakeClock, settle } from '../../support/fakes/fake-clock.ts';
import { createQuietLogger } from '../../support/fakes/quiet-logger.ts';
import { createRig, file, stack } from '../../support/reconciler-rig.ts';
import { eventually } from '../../support/eventually.ts';

const HOUR_MS = 3_600_000;

interface Options {
  readonly channel?: Partial<Channel>;
  readonly choices?: Readonly<Record<string, NotifyChoice>>;
}

/** A channel on a clock that stands, quiet until `quiet.until`. */
function open({ channel = {}, choices = {} }: Options = {}) {
  const clock = createFakeClock();
  const heard: string[] = [];
  const quiet = { until: 0 };
  const queue = new ChannelQueue({
    channel: {
      name: 'ops',
      type: 'webhook',
      host: null,
      events: DEFAULT_EVENTS,
      isDefault: true,
      urgent: [],
      quietUntil: (now) => (now < quiet.until ? quiet.until : null),
      notifier: {
        name: 'ops',
        notify: async ({ type, subject, message }) => void heard.push(`${type} ${message ?? subject}`),
      },
      ...channel,
    },
    clock,
    logger: createQuietLogger(),
    choiceOf: (name) => choices[name],
  });
  const tell = async (...news: readonly Notification[]) => {
    for (const one of news) queue.add(one);
    await settle();
  };
  return { queue, clock, heard, quiet, tell };
}

const OCCASION = { cause: 'c', code: null, revision: null, message: null, job: null, time: '' };
const of = (name: string) => ({ ...OCCASION, stack: name, subject: `stack/${name}` });
const failed = (name: string, message: string | null = null): Notification => ({
  type: 'failed',
  ...of(name),
  message,
});
const recovered = (name: string): Notification => ({ type: 'recovered', after: 'failed', ...of(name) });
const synced = (name: string): Notification => ({ type: 'synced', tag: `deploy/${name}/1`, ...of(name) });
const away = (stacks: readonly string[]): Notification => ({
  type: 'node_away',
  ...OCCASION,
  stack: '',
  subject: 'node/attic',
  node: 'attic',
  stacks,
});
const back: Notification = {
  type: 'recovered',
  after: 'node_away',
  ...OCCASION,
  stack: '',
  subject: 'node/attic',
};

const choose = (...names: readonly string[]): NotifyChoice => new Map(names.map((name) => [name, null]));
const only = (name: string, events: readonly NewsEvent[]): NotifyChoice => new Map([[name, events]]);

it.each<[string, Options, string[]]>([
  ['without a word', {}, ['failed stack/a', 'failed stack/b', 'node_away node/attic', 'recovered stack/a']],
  ['for some stacks', { channel: { stacks: ['b*'] } }, ['failed stack/b', 'node_away node/attic']],
  [
    'for those that choose it',
    { channel: { isDefault: false }, choices: { a: choose('ops') } },
    ['failed stack/a', 'node_away node/attic', 'recovered stack/a'],
  ],
  ['left out by all', { choices: { a: choose('other'), b: new Map() } }, []],
  ['for an event', { channel: { events: ['node_away'] } }, ['node_away node/attic']],
  [
    'for an event of one stack',
    { choices: { a: only('ops', ['failed']), b: new Map() } },
    ['failed stack/a'],
  ],
  [
    'not chosen by one that may not',
    { channel: { stacks: ['b'] }, choices: { a: choose('ops') } },
    ['failed stack/b', 'node_away node/attic'],
  ],
])('a channel %s', async (_, options, expected) => {
  const { queue, heard, tell } = open(options);
  await tell(
    synced('a'),
    failed('a'),
    failed('b'),
    away(['a', 'b']),
    recovered('a'),
    recovered('never-told'),
  );
  expect(heard).toEqual(expected);
  await queue[Symbol.asyncDispose]();
});

it('says that a node is back where it was said to be away, and what was told before a start', async () => {
  const { queue, heard, tell } = open({ channel: { stacks: ['a'] } });
  await tell(back);
  expect(heard).toEqual([]);
  await tell(away(['a']), back, back);
  expect(heard).toEqual(['node_away node/attic', 'recovered node/attic']);
  const notice = (name: string) => ({ type: 'failed', stack: name, subject: `stack/${name}` }) as Notice;
  queue.recall([notice('a'), notice('b')]);
  await tell(recovered('b'), recovered('a'));
  expect(heard.slice(2)).toEqual(['recovered stack/a']);
  await queue[Symbol.asyncDispose]();
});

it('keeps quiet in quiet hours, and tells afterwards what is still so', async () => {
  const events = [...DEFAULT_EVENTS, 'synced' as const];
  const { queue, clock, heard, quiet, tell } = open({ channel: { urgent: ['node_away'], events } });
  await tell(failed('open'));
  quiet.until = clock.now() + 8 * HOUR_MS;
  await tell(failed('a', 'one'), failed('a', 'two'), failed('b'), recovered('b'), recovered('open'));
  await tell(away(['a']), synced('a'));
  expect(heard).toEqual(['failed stack/open', 'node_away node/attic']);
  expect(queue.view()).toMatchObject({ waiting: 3, quietUntil: new Date(quiet.until).toISOString() });
  // The clock of the machine is set back: it is asked again each hour.
  quiet.until -= 2 * HOUR_MS;
  await clock.advance(5.9 * HOUR_MS);
  expect(heard).toHaveLength(2);
  await clock.advance(1.1 * HOUR_MS);
  expect(heard.slice(2)).toEqual(['failed two', 'recovered stack/open', 'synced stack/a']);
  await tell(recovered('a'));
  expect(heard.at(-1)).toBe('recovered stack/a');
  quiet.until = clock.now() + HOUR_MS;
  await tell(failed('c'));
  await queue[Symbol.asyncDispose]();
  expect(heard.at(-1)).toBe('recovered stack/a');
});

it('are chosen by a stack, or by the repository for all that do not', async () => {
  const heard: string[] = [];
  const channel = (name: string): Channel => ({
    name,
    type: 'webhook',
    host: null,
    events: DEFAULT_EVENTS,
    isDefault: name === 'all',
    urgent: [],
    quietUntil: () => null,
    notifier: { name, notify: async ({ stack: of }) => void heard.push(`${name} ${of}`) },
  });
  await using rig = createRig({ channels: [channel('all'), channel('ops'), channel('team')] });
  const broken = { web: 'image: 5' };
  rig.source.push({
    'kombinator.yaml': 'policy: { notify: [ops] }\n',
    [file('a')]: stack('a', broken),
    [file('b')]: stack('b', broken, 'policy: { notify: { team: [findings, recovered] } }\n'),
    [file('c')]: stack('c', broken, 'policy: { notify: { team: [failed] } }\n'),
  });
  await rig.reconciler.start();
  await eventually(
    () => heard.toSorted(),
    (found) => found.length >= 2,
    4_000,
  );
  await new Promise((resolve) => void setTimeout(resolve, 200));
  expect(heard.toSorted()).toEqual(['ops a', 'team b']);
});

it('are tested one by one, and say how that went', async () => {
  const failing: Channel = {
    name: 'ops',
    type: 'slack',
    host: null,
    events: DEFAULT_EVENTS,
    isDefault: true,
    urgent: [],
    quietUntil: () => Number.MAX_SAFE_INTEGER / 10_000,
    notifier: { name: 'ops', notify: () => Promise.reject(new Error('no such room')) },
  };
  const told: Notification[] = [];
  const good: Channel = {
    ...failing,
    name: 'phone',
    notifier: { name: 'phone', notify: async (one) => void told.push(one) },
  };
  await using rig = createRig({ channels: [failing, good] });
  const { signal } = new AbortController();
  await expect(rig.reconciler.testChannel('nope', signal)).rejects.toMatchObject({
    code: 'UNKNOWN_CHANNEL',
    message: 'there is no channel nope; there are: ops, phone',
  });
  await expect(rig.reconciler.testChannel('ops', signal)).rejects.toMatchObject({
    code: 'NOT_DELIVERED',
    message: 'no such room',
  });
  expect(await rig.reconciler.testChannel('phone', signal)).toBeGreaterThanOrEqual(0);
  expect(told).toMatchObject([{ type: 'test', subject: 'channel/phone', stack: '' }]);
  expect(rig.reconciler.listChannels().map(({ name, last }) => [name, last?.error])).toEqual([
    ['ops', 'no such room'],
    ['phone', null],
  ]);
});
