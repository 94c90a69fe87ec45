import { describe, expect, it } from 'vitest';
import { Secret } from '../../../reconciler/model/secret.ts';
import type { CommitStatus, GitHost } from '../../../reconciler/ports/hosts/git-host.ts';
import { HEAD, MERGE } from '../../support/hosts/host-world.ts';
import type { GitHostHarness } from './git-host-harness.ts';
import { describeFailingHost } from './git-host-failures.ts';
import { describeHooks } from './git-host-hooks.ts';

const SIGNAL = new AbortController().signal;
const MARKER = '<!-- kombinator:plan -->';

/** Holds an adapter against a double of its host. */
export function describeGitHostContract(name: string, harness: GitHostHarness): void {
  describe(`${name}, as a host`, () => {
    describePulls(harness);
    describeComments(harness);
    describeCommits(harness);
    describeRights(harness);
    describeInstalling(harness);
    describeHooks(harness);
    describeFailingHost(harness);
  });
}

function describePulls({ start, open, refOf, forkRefOf }: GitHostHarness): void {
  it('reads an open pull request, and one that was merged', async () => {
    await using double = await start();
    const host = open(double);
    const { number } = double.world.addPull({ title: 'Raise the memory', author: 'ada' });
    double.world.addPull({ isOpen: false, isMerged: true, mergeCommit: MERGE });
    double.world.addPull({ isOpen: false });
    expect(await host.getPull(number, SIGNAL)).toEqual({
      number,
      title: 'Raise the memory',
      address: expect.stringContaining(double.origin),
      author: 'ada',
      isOpen: true,
      isMerged: false,
      isFork: false,
      head: { commit: HEAD, ref: refOf(number) },
      base: 'main',
      mergeCommit: null,
    });
    expect(await host.getPull(2, SIGNAL)).toMatchObject({
      isOpen: false,
      isMerged: true,
      mergeCommit: MERGE,
    });
    expect(await host.getPull(3, SIGNAL)).toMatchObject({
      isOpen: false,
      isMerged: false,
      mergeCommit: null,
    });
  });

  it('knows a pull request out of another repository', async () => {
    await using double = await start();
    double.world.addPull({ isFork: true });
    const pull = await open(double).getPull(1, SIGNAL);
    expect([pull.isFork, pull.head]).toEqual([true, { commit: HEAD, ref: forkRefOf(1) }]);
  });

  it('refuses a pull request that there is not', async () => {
    await using double = await start();
    await expect(open(double).getPull(7, SIGNAL)).rejects.toMatchObject({
      code: 'HOST_REFUSED',
      retryable: false,
    });
  });

  it('lists open ones into a branch over all pages, the newest change first, a hundred at most', async () => {
    await using double = await start();
    for (let number = 1; number <= 120; number += 1) double.world.addPull();
    double.world.addPull({ base: 'other', changed: 500 });
    double.world.addPull({ isOpen: false, changed: 501 });
    const pulls = await open(double).listPulls('main', SIGNAL);
    expect(pulls.map(({ number }) => number)).toEqual(Array.from({ length: 100 }, (_, index) => 120 - index));
    expect(await open(double).listPulls('nobody', SIGNAL)).toEqual([]);
  });

  it('opens one pull request of a branch, and brings it up to date', async () => {
    await using double = await start();
    const { pulls } = double.world;
    double.world.addPull({ branch: 'updates/images', base: 'release' });
    double.world.addPull({ branch: 'updates/images', isFork: true });
    const write = (title: string, commit = HEAD) =>
      open(double).upsertPull({ ...DRAFT, title, text: `${title}.`, commit }, SIGNAL);

    const addresses = [await write('One'), await write('Two'), await write('Two')];

    expect(new Set(addresses).size).toBe(1);
    expect(addresses[0]).toContain(double.origin);
    expect([pulls.size, pulls.get(1)?.title, pulls.get(2)?.title]).toEqual([3, 'Change 1', 'Change 2']);
    expect(pulls.get(3)).toMatchObject({ title: 'Two', text: 'Two.', base: 'main', isOpen: true });
  });

  it('leaves a pull request closed that people have closed, until its branch proposes something else', async () => {
    await using double = await start();
    const host = open(double);
    const { pulls } = double.world;
    await host.upsertPull(DRAFT, SIGNAL);
    Object.assign(pulls.get(1) ?? {}, { isOpen: false });

    expect(await host.upsertPull(DRAFT, SIGNAL)).toBeNull();
    expect(pulls.size).toBe(1);

    expect(await host.upsertPull({ ...DRAFT, commit: MERGE }, SIGNAL)).toContain(double.origin);
    expect(pulls.get(2)).toMatchObject({ isOpen: true, branch: 'updates/images' });
  });
}

const DRAFT = {
  branch: 'updates/images',
  base: 'main',
  commit: HEAD,
  title: 'Update images',
  text: 'Newer ones.',
} as const;

function describeComments({ start, open }: GitHostHarness): void {
  it('reads a comment, and refuses one of another pull request', async () => {
    await using double = await start();
    const host = open(double);
    double.world.addPull();
    double.world.addPull();
    const comment = double.world.addComment(1, 'bob', 'kombinator confirm plan_1');
    const { id } = comment;
    const read = { id: `${id}`, pull: 1, author: 'bob', text: 'kombinator confirm plan_1' };
    expect(await host.getComment(1, `${id}`, SIGNAL)).toEqual({ ...read, isEdited: false });
    comment.changedAfter = 60_000;
    expect(await host.getComment(1, `${id}`, SIGNAL)).toEqual({ ...read, isEdited: true });
    await expect(host.getComment(2, `${id}`, SIGNAL)).rejects.toMatchObject({ code: 'HOST_REFUSED' });
    await expect(host.getComment(1, '999999', SIGNAL)).rejects.toMatchObject({ code: 'HOST_REFUSED' });
  });

  it('keeps one comment for a marker, also when many write at once and in other processes', async () => {
    await using double = await start();
    const host = open(double);
    double.world.addPull();
    const stranger = double.world.addComment(1, 'mallory', `${MARKER}\nmine`);
    for (let count = 0; count < 130; count += 1) double.world.addComment(1, 'ada', `chat ${count}`);
    const write = (who: GitHost, text: string) => who.upsertComment(1, MARKER, `${MARKER}\n${text}`, SIGNAL);
    const addresses = await Promise.all(Array.from({ length: 20 }, (_, index) => write(host, `${index}`)));
    addresses.push(await write(open(double), 'restarted'));
    expect(new Set(addresses).size).toBe(1);
    const own = [...double.world.comments.values()].filter(({ author }) => author === double.world.login);
    expect(own.map(({ text }) => text.split('\n').at(-1))).toEqual(['restarted']);
    expect(stranger.text).toContain('mine');
  });

  it('reads no further than to its own comment', async () => {
    await using double = await start();
    double.world.addPull();
    await open(double).upsertComment(1, MARKER, `${MARKER}\nfirst`, SIGNAL);
    for (let count = 0; count < 250; count += 1) double.world.addComment(1, 'ada', `chat ${count}`);
    double.requests.length = 0;
    await open(double).upsertComment(1, MARKER, `${MARKER}\nsecond`, SIGNAL);
    const lists = double.requests.filter((one) => one.startsWith('GET') && /comments|notes/.test(one));
    expect(lists).toHaveLength(1);
  });

  it('leaves the comments of others alone also where its token may not ask whose it is', async () => {
    await using double = await start();
    double.world.tellsLogin = false;
    double.world.addPull();
    double.world.addPull();
    const stranger = double.world.addComment(1, 'mallory', `${MARKER}\nmine`);
    const texts = () =>
      [...double.world.comments.values()]
        .filter(({ author }) => author === double.world.login)
        .map(({ pull, text }) => [pull, text.split('\n').at(-1)]);
    for (const process of [1, 2, 3]) {
      const host = open(double);
      for (const pull of [1, 2]) await host.upsertComment(pull, MARKER, `${MARKER}\nby ${process}`, SIGNAL);
      expect(texts()).toEqual([
        [1, `by ${process}`],
        [2, `by ${process}`],
      ]);
    }
    expect(stranger.text).toContain('mine');
  });

  it('writes another comment for another marker, and a new one for one that was deleted', async () => {
    await using double = await start();
    const host = open(double);
    double.world.addPull();
    const other = '<!-- kombinator:deploy -->';
    const first = await host.upsertComment(1, MARKER, `${MARKER}\nplan`, SIGNAL);
    const second = await host.upsertComment(1, other, `${other}\nresult`, SIGNAL);
    double.world.comments.clear();
    const third = await host.upsertComment(1, MARKER, `${MARKER}\nplan again`, SIGNAL);
    expect(new Set([first, second, third]).size).toBe(3);
    expect([...double.world.comments.values()].map(({ text }) => text.split('\n').at(-1))).toEqual([
      'plan again',
    ]);
  });
}

const DEPLOYED: CommitStatus = {
  context: 'kombinator/deploy',
  state: 'success',
  description: 'Deployed',
  address: 'https://kombinator.example.org/ui/stacks/shop',
};

function describeCommits({ start, open, states, hasDeployments }: GitHostHarness): void {
  it('says of a commit how something ended, in the words of the host and in 140 characters', async () => {
    await using double = await start();
    const host = open(double);
    for (const state of ['pending', 'success', 'failure', 'error'] as const)
      await host.setStatus(HEAD, { ...DEPLOYED, state, description: `${state} ${'ü'.repeat(300)}` }, SIGNAL);
    const { statuses } = double.world;
    expect(statuses.map(({ commit, state }) => [commit, state])).toEqual(
      (['pending', 'success', 'failure', 'error'] as const).map((state) => [HEAD, states[state]]),
    );
    expect(statuses.map(({ status }) => status.description.length)).toEqual([140, 140, 140, 140]);
    expect(statuses[0]?.status).toMatchObject({ context: DEPLOYED.context, address: DEPLOYED.address });
  });

  it('says the same twice without an error, and something without an address', async () => {
    await using double = await start();
    const host = open(double);
    await host.setStatus(HEAD, { ...DEPLOYED, address: null }, SIGNAL);
    await host.setStatus(HEAD, { ...DEPLOYED, address: null }, SIGNAL);
    expect(double.world.statuses.at(-1)?.status.context).toBe(DEPLOYED.context);
  });

  it('shows deployments where the host has such', async () => {
    await using double = await start();
    const host = open(double);
    expect(host.setDeployment !== undefined).toBe(hasDeployments);
    const deployment = {
      commit: HEAD,
      environment: 'production',
      description: 'web',
      address: null,
    } as const;
    await host.setDeployment?.({ ...deployment, state: 'in_progress' }, SIGNAL);
    await host.setDeployment?.({ ...deployment, state: 'success' }, SIGNAL);
    const { deployments } = double.world;
    expect(deployments.map(({ commit, environment, state }) => [commit, environment, state])).toEqual(
      hasDeployments ? [[HEAD, 'production', 'success']] : [],
    );
  });
}

function describeRights({ start, open, hasReactions }: GitHostHarness): void {
  it('asks what right somebody has, and knows nobody of strangers', async () => {
    await using double = await start();
    const host = open(double);
    const rights = { reader: 'read', writer: 'write', boss: 'admin' } as const;
    for (const [login, right] of Object.entries(rights)) double.world.permissions.set(login, right);
    const found = await Promise.all(Object.keys(rights).map((login) => host.permissionOf(login, SIGNAL)));
    expect(found).toEqual(['read', 'write', 'admin']);
    expect(await host.permissionOf('stranger', SIGNAL)).toBe('none');
    expect(await host.permissionOf('../../hooks?x=', SIGNAL)).toBe('none');
    await expect(host.permissionOf('', SIGNAL)).rejects.toMatchObject({ code: 'HOST_REFUSED' });
  });

  it('answers a comment', async () => {
    await using double = await start();
    const host = open(double);
    double.world.addPull();
    const { id, reactions } = double.world.addComment(1, 'ada', 'kombinator confirm');
    await host.react(1, `${id}`, 'yes', SIGNAL);
    await host.react(1, `${id}`, 'no', SIGNAL);
    expect(reactions).toEqual(hasReactions ? ['yes', 'no'] : []);
  });
}

function describeInstalling({ start, open, hookSecret }: GitHostHarness): void {
  it('sets a hook up once, brings it up to date, and takes what it sends', async () => {
    await using double = await start();
    const host = open(double);
    const address = 'https://kombinator.example.org/api/hooks/config';
    const id = double.world.nextId();
    double.world.hooks.set(id, { id, address: 'https://ci.example.org', secret: 'ci', events: ['push'] });
    const secret = new Secret(`${hookSecret}\n`, 'secret://file/hook');
    const first = await host.installHook({ address, secret: new Secret('whsec_b2xkZXI=', 'old') }, SIGNAL);
    const second = await host.installHook({ address, secret }, SIGNAL);
    const withoutId = (settings: string) => settings.replace(/\d+$/, '');
    expect(withoutId(second)).toBe(withoutId(first));
    expect(first).toContain(double.origin);
    const installed = [...double.world.hooks.values()].find((hook) => hook.address === address);
    expect([double.world.hooks.size, installed?.secret]).toEqual([2, hookSecret]);
    const delivery = double.hook(
      { type: 'push', ref: 'refs/heads/main', after: HEAD },
      { secret: hookSecret },
    );
    expect(await host.verifyHook(delivery, secret)).toMatchObject({ type: 'push', ref: 'refs/heads/main' });
    expect(double.world.hooks.get(id)).toMatchObject({ address: 'https://ci.example.org', secret: 'ci' });
  });

  it.each([401, 403, 404])('says which right it lacks to set a hook up (%d)', async (status) => {
    await using double = await start();
    double.fail({ status, body: { message: 'no' } }, 2);
    const request = {
      address: 'https://kombinator.example.org/api/hooks/config',
      secret: new Secret('x', 'y'),
    };
    await expect(open(double).installHook(request, SIGNAL)).rejects.toThrow(
      /no; to set hooks up, git\.host\.token has to be one with|no; to set hooks up, git\.host\.token has to be a fine-grained one/,
    );
  });
}
