import { describe, expect, it } from 'vitest';
import { DEFAULT_HOST_SETTINGS } from '../../../reconciler/ports/hosts/host-settings.ts';
import type { HostSettings } from '../../../reconciler/ports/hosts/host-settings.ts';
import { eventually } from '../../support/eventually.ts';
import type { MemoryHost } from '../../support/memory/memory-host.ts';
import { createMemoryHost } from '../../support/memory/memory-host.ts';
import type { Rig } from '../../support/reconciler-rig.ts';
import { createRig, file, stack } from '../../support/reconciler-rig.ts';

const DEPLOY = 'kombinator/deploy';
const SIGNAL = new AbortController().signal;

interface Deploying extends AsyncDisposable {
  readonly rig: Rig;
  readonly host: MemoryHost;
  push(files: Readonly<Record<string, string | null>>): Promise<string>;
  becomes(commit: string, state: string): Promise<string>;
}

async function open(
  files: Readonly<Record<string, string>>,
  settings: Partial<HostSettings> = {},
): Promise<Deploying> {
  const host = createMemoryHost();
  const rig = createRig({ gitHost: host, hostSettings: { ...DEFAULT_HOST_SETTINGS, ...settings } });
  rig.source.push(files);
  await rig.reconciler.start();
  return {
    rig,
    host,
    async push(more) {
      const commit = rig.source.push(more);
      await rig.reconciler.refresh(SIGNAL);
      return commit;
    },
    async becomes(commit, state) {
      const status = await eventually(
        () => host.status(commit, DEPLOY),
        (one) => one?.state === state,
        4_000,
      );
      if (status?.state === state) return status.description;
      throw new Error(
        `${commit} is ${status?.state ?? 'unknown'} (${status?.description ?? ''}), not ${state}`,
      );
    },
    [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose](),
  };
}

const SHOP = { [file('shop')]: stack('shop', { web: 'image: nginx:1.28' }) };

describe('statuses of deployments', () => {
  it('stand at the commit: under way, then as described', async () => {
    await using place = await open(SHOP);
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
    await using place = await open({ ...SHOP, [file('old')]: stack('old', { a: 'image: nginx:1.28' }) });
    await place.rig.reaches('old', 'in_sync');

    expect(await place.becomes(await place.push({ 'README.md': 'x' }), 'success')).toBe('no stack concerned');
    expect(await place.becomes(await place.push({ [file('old')]: null }), 'success')).toBe(
      '1 stack as described',
    );
  });

  it('are failures with the reason, until it is mended', async () => {
    await using place = await open(SHOP);
    await place.rig.reaches('shop', 'in_sync');
    const broken = await place.push({ [file('shop')]: stack('shop', { web: 'image: nginx:9.99' }) });
    expect(await place.becomes(broken, 'failure')).toMatch(/^shop: /);

    const mended = await place.push({ [file('shop')]: stack('shop', { web: 'image: nginx:1.29' }) });

    expect(await place.becomes(mended, 'success')).toBe('1 stack as described');
    expect(place.host.status(broken, DEPLOY)?.state).toBe('failure');
  });

  it('of a commit that another one overtook are those of the other', async () => {
    await using place = await open(SHOP);
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

  it('make deployments where the operator has named an environment', async () => {
    await using place = await open(SHOP, { environment: 'production' });
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
  async function merged(place: Deploying): Promise<string> {
    const { rig, host } = place;
    const base = rig.reconciler.repository().revision?.commit ?? '';
    const wanted = { [file('shop')]: stack('shop', { web: WEB }, POLICY) };
    host.propose(5, rig.source.commitBeside(base, wanted));
    rig.reconciler.noteHook({ type: 'pull', number: 5, delivery: '1' });
    await eventually(
      () => host.comments(5)[0] ?? '',
      (text) => text.includes('has planned'),
      4_000,
    );
    const commit = await place.push(wanted);
    host.merged(5, commit);
    rig.reconciler.noteHook({ type: 'pull', number: 5, delivery: '2' });
    const text = await eventually(
      () => host.comments(5)[0] ?? '',
      (one) => one.includes('kombinator confirm'),
      4_000,
    );
    const plan = /kombinator confirm (\w+)/.exec(text)?.[1];
    if (plan === undefined) throw new Error(`no plan to confirm in ${text}`);
    return plan;
  }

  it('counts from those whom the operator has named and the host lets write, for exactly this plan', async () => {
    await using place = await open(
      { [file('shop')]: stack('shop', { web: WEB, old: WEB }, POLICY) },
      { confirm: ['Alice'] },
    );
    const { rig, host } = place;
    await rig.reaches('shop', 'in_sync');
    const plan = await merged(place);
    await rig.reaches('shop', 'blocked');
    const say = async (author: string, text: string) => {
      const news = host.write(5, author, text);
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
    expect(text).toContain('mallory');
    expect(text).toContain('destroy everything');
    expect(host.comments(5)).toHaveLength(1);
  });

  it('says nothing to comments that are for others', async () => {
    await using place = await open({ [file('shop')]: WITH_DATA }, { confirm: ['alice'] });
    const { rig, host } = place;
    host.propose(1, rig.source.commitBeside(rig.reconciler.repository().revision?.commit ?? '', { x: '1' }));
    rig.reconciler.noteHook(host.write(1, 'alice', 'Please say `kombinator confirm x`'));
    rig.reconciler.noteHook(host.write(1, 'alice', 'kombinator plan'));
    await eventually(
      () => host.reactions,
      (list) => list.length > 0,
      4_000,
    );

    expect(host.reactions).toEqual([{ comment: '2', answer: 'yes' }]);
  });
});
