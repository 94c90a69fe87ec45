import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WorkflowServer } from '../../support/api/workflow-server.ts';
import { realClock } from '../../support/git/git-sources.ts';
import { startWorkflowServer } from '../../support/api/workflow-server.ts';
import { KEYS } from '../../support/api/api-server.ts';
import { createFakeRepositories } from '../../support/fakes/fake-repositories.ts';
import { eventually } from '../../support/eventually.ts';
import { file, stack } from '../../support/reconciler-rig.ts';

interface Listed {
  readonly notifications: readonly Readonly<Record<string, unknown>>[];
  readonly total: number;
  readonly unreadCount: number;
}

describe('notifications', () => {
  let platform: WorkflowServer;
  beforeAll(async () => {
    platform = await startWorkflowServer();
    platform.rig.source.push({ [file('other')]: stack('other', { web: 'image: "nginx:1.29"' }) });
    await platform.rig.reconciler.start();
    await platform.rig.reaches('other', 'in_sync');
    await eventually(unread, (count) => count === 1, 4_000);
  });
  afterAll(() => platform[Symbol.asyncDispose]());

  const list = async (query = '') =>
    (await platform.ask('GET', `/user-notifications${query}`)).body as unknown as Listed;
  const unread = async () =>
    (await platform.ask('GET', '/user-notifications/unread-count')).body['unreadCount'];
  const mark = (path: string, method = 'PATCH') => platform.ask(method, `/user-notifications/${path}`);

  it('tell of deployments and failures, as they come and afterwards, and once', async () => {
    const response = await fetch(`${platform.server.url}/v1/api/user-notifications/stream`, {
      headers: { Authorization: `Bearer ${KEYS.deployer}` },
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    const until = async (part: string) => {
      while (!text.includes(part)) text += (await reader?.read())?.value ?? '';
    };
    await until('event: connected\ndata: {"unreadCount":1}\n\n');
    platform.rig.source.push({ [file('broken')]: stack('broken', { web: 'image: 5' }) });
    await platform.rig.reconciler.refresh(new AbortController().signal);
    await until('event: new_notification');
    await until('broken failed');
    await reader?.cancel();

    const { notifications, total, unreadCount } = await list();
    expect([total, unreadCount]).toEqual([2, 2]);
    expect(notifications).toMatchObject([
      { type: 'workflow_failed', title: 'broken failed', read: false },
      { type: 'workflow_deployed', title: 'other deployed', message: 'It runs as described.' },
    ]);
    expect((await list('?limit=1&offset=1')).notifications).toEqual(notifications.slice(1));

    await using again = await platform.rig.restart({ store: platform.rig.store });
    await again.reconciler.start();
    await again.reaches('broken', 'invalid');
    expect((await list()).total).toBe(2);
  });

  it('are marked as read, for who has read them alone', async () => {
    const before = Number(await unread());
    const [newest] = (await list()).notifications;
    expect((await mark(`${String(newest?.['id'])}/read`)).status).toBe(200);
    expect(await unread()).toBe(before - 1);
    expect((await list()).notifications[0]).toMatchObject({ id: newest?.['id'], read: true });
    expect((await mark('mark-all-read', 'POST')).status).toBe(200);
    expect(await unread()).toBe(0);
    const others = await platform.ask('GET', '/user-notifications/unread-count', undefined, 'viewer');
    expect(others.body['unreadCount']).toBe(before);
  });

  it.each([
    ['nope/read', 400, 'Invalid notification ID'],
    [`${'0'.repeat(24)}/read`, 404, 'Notification not found'],
    [`${'f'.repeat(24)}/read`, 404, 'Notification not found'],
  ])('%s is %i', async (path, status, error) => {
    expect(await mark(path)).toEqual({ status, body: { error } });
  });
});

it('leaves out a failure that is over at once, such as secrets that come with the first run', async () => {
  // It is over within the five seconds after which it would be told: real ones, on a busy machine.
  await using platform = await startWorkflowServer({}, { clock: realClock, stableMs: 0 });
  const { rig } = platform;
  const push = async (image: string) => {
    rig.source.push({ [file('other')]: stack('other', { web: `image: ${image}` }) });
    await rig.reconciler.refresh(new AbortController().signal);
  };
  await push('5');
  await rig.reconciler.start();
  await rig.reaches('other', 'invalid');
  await push('"nginx:1.29"');
  await rig.reaches('other', 'in_sync');
  const titles = async () => {
    const { body } = await platform.ask('GET', '/user-notifications');
    return (body as unknown as Listed).notifications.map(({ title }) => title);
  };
  expect(await eventually(titles, (found) => found.length > 0, 4_000)).toEqual(['other deployed']);
});

it('tells of images, whoever has asked for them alone', async () => {
  const fetcher = createFakeRepositories({ app: { Dockerfile: 'FROM scratch\n' } });
  const engine = { name: 'builder', kind: 'docker', connection: { type: 'local' } } as const;
  const builds = { policy: { engine, atOnce: 1, timeoutMs: 60_000 }, fetcher, planner: null };
  await using platform = await startWorkflowServer({}, { builds });
  const credentials = { username: 'ada', password: 'correct-horse' };
  const hub = { name: 'hub', registryType: 'dockerhub', credentials };
  const { body } = await platform.ask('POST', '/admin/registries', hub, 'admin');
  const { id: registryId } = body['registry'] as { readonly id: string };
  const start = async (repoUrl: string) => {
    const asked = await platform.ask('POST', '/builds/start', { repoUrl, registryId, imageName: 'app' });
    return (asked.body['build'] as { readonly id: string }).id;
  };
  const good = await start('https://git.example.org/app');
  const bad = await start('https://git.example.org/nothing');
  const listed = async (role: 'deployer' | 'viewer') =>
    ((await platform.ask('GET', '/user-notifications', undefined, role)).body as unknown as Listed)
      .notifications;
  const all = await eventually(
    () => listed('deployer'),
    (found) => found.length === 2,
    4_000,
  );
  expect(all).toMatchObject([
    { type: 'build_failed', title: 'Image not built', refId: bad, link: `/dashboard/build/${bad}` },
    { type: 'build_completed', title: 'Image built', refId: good, message: 'docker.io/ada/app:latest' },
  ]);
  expect(await listed('viewer')).toEqual([]);
});

describe('pages that there is nothing behind', () => {
  let platform: WorkflowServer;
  beforeAll(async () => {
    platform = await startWorkflowServer();
    await platform.push({ 'clusters/prod.yaml': 'kubeconfig: /etc/kube/config\n' });
  });
  afterAll(() => platform[Symbol.asyncDispose]());

  it.each([
    ['/alerts/overview', { activeAlerts: 0, totalRules: 0 }],
    ['/alerts/rules?type=cluster', { rules: [] }],
    ['/alerts/templates', { templates: [] }],
    ['/alerts/events?page=2&limit=5', { events: [], total: 0, page: 2, limit: 5 }],
    ['/notifications/channels', { channels: [] }],
    ['/metrics/resources?cluster=prod', { resources: [] }],
    [
      '/metrics/overview',
      {
        clusters: [{ clusterName: 'prod', status: 'unknown' }],
        totals: { podCount: expect.any(Number) as number },
      },
    ],
  ])('%s says so', async (path, body) => {
    expect(await platform.ask('GET', path, undefined, 'viewer')).toMatchObject({ status: 200, body });
  });

  it.each(['/alerts/rules', '/alerts/templates/x/enable', '/alerts/test-fire', '/notifications/channels'])(
    'POST %s says why not',
    async (path) => {
      const refused = await platform.ask('POST', path, {});
      expect([refused.status, refused.body['error']]).toEqual([
        400,
        expect.stringContaining('not kept here'),
      ]);
    },
  );
});
