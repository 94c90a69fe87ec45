import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRemoteSession } from '../../../api/cli/remote/remote-session.ts';
import type { ChannelView, Reconciler } from '../../../reconciler/index.ts';
import { ReconcilerError } from '../../../reconciler/index.ts';
import type { ApiServer } from '../../support/api/api-server.ts';
import { KEYS, startApiServer } from '../../support/api/api-server.ts';
import { runFakeCli } from '../../support/cli/cli-harness.ts';
import { createFakeReconciler } from '../../support/fakes/fake-reconciler.ts';

const NEVER = new AbortController().signal;
const PHONE: ChannelView = {
  name: 'phone',
  type: 'ntfy',
  host: 'ntfy.sh',
  events: ['failed', 'recovered'],
  stacks: null,
  isDefault: true,
  quietUntil: null,
  waiting: 0,
  last: null,
  counts: { delivered: 0, failed: 0 },
};
const OPS: ChannelView = {
  ...PHONE,
  name: 'ops',
  type: 'slack',
  host: null,
  stacks: ['shop-*'],
  isDefault: false,
  quietUntil: '2026-01-01T07:00:00.000Z',
  waiting: 2,
  last: { time: '2026-01-01T00:00:00.000Z', error: 'hooks.slack.com answered 404' },
};

const channels: Partial<Reconciler> = {
  listChannels: () => [OPS, PHONE],
  testChannel: (name) => {
    if (name === 'phone') return Promise.resolve(12);
    if (name === 'ops') return Promise.reject(new ReconcilerError('NOT_DELIVERED', 'no such room'));
    return Promise.reject(new ReconcilerError('UNKNOWN_CHANNEL', `there is no channel ${name}`));
  },
};

const run = (argv: readonly string[], more: Partial<Reconciler> = channels, isTerminal = false) =>
  runFakeCli([...argv, '--no-color'], { plans: {}, more }, { isTerminal });

describe('kombinator notify', () => {
  it('lists channels, tab-separated for programs', async () => {
    const { stdout } = await run(['notify', 'list']);
    expect(stdout.split('\n')).toEqual([
      'ops\tslack\t-\tshop-* (by choice)\tfailed, recovered\t2026-01-01T07:00:00.000Z\tfailed 2026-01-01T00:00:00.000Z: hooks.slack.com answered 404',
      'phone\tntfy\tntfy.sh\tall\tfailed, recovered\t-\t-',
      '',
    ]);
    expect((await run(['notify', 'list'], channels, true)).stdout).toMatch(
      /CHANNEL +TYPE +HOST +STACKS +LAST/,
    );
    const json = await run(['notify', 'list', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ channels: [{ name: 'ops' }, { name: 'phone' }] });
  });

  it('tests one or all, and fails when one does not deliver', async () => {
    const one = await run(['notify', 'test', 'phone']);
    expect([one.code, one.stdout]).toEqual([0, 'phone\tdelivered\t\n']);
    const all = await run(['notify', 'test'], channels, true);
    expect([all.code, all.stdout]).toEqual([
      1,
      '✗ ops not delivered: no such room\n✓ phone delivered in 12 ms\n',
    ]);
    const json = await run(['notify', 'test', '--json']);
    expect([json.code, JSON.parse(json.stdout)]).toEqual([
      1,
      {
        tests: [
          { channel: 'ops', durationMs: null, error: 'no such room' },
          { channel: 'phone', durationMs: 12, error: null },
        ],
      },
    ]);
  });

  it('says where channels come from, and which there are', async () => {
    const none = await run(['notify', 'test'], { listChannels: () => [] });
    expect([none.code, none.stderr]).toEqual([
      1,
      expect.stringContaining('notifications of --config defines them'),
    ]);
    const unknown = await run(['notify', 'test', 'nope']);
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('there is no channel nope')]);
  });
});

describe('a running daemon', () => {
  let server: ApiServer;
  beforeEach(async () => {
    server = await startApiServer({ reconciler: { ...createFakeReconciler(), ...channels } });
  });
  afterEach(() => server[Symbol.asyncDispose]());

  it('tells the same', async () => {
    await using session = createRemoteSession({ url: server.url, apiKey: KEYS.deployer });
    expect(await session.listChannels(NEVER)).toMatchObject([
      { name: 'ops', host: null, stacks: ['shop-*'], isDefault: false, last: { error: expect.any(String) } },
      { name: 'phone', stacks: null, isDefault: true, last: null },
    ]);
    expect(await session.testChannel('phone', NEVER)).toEqual({
      channel: 'phone',
      durationMs: 12,
      error: null,
    });
    expect(await session.testChannel('ops', NEVER)).toEqual({
      channel: 'ops',
      durationMs: null,
      error: 'no such room',
    });
    await expect(session.testChannel('nope', NEVER)).rejects.toMatchObject({ code: 'UNKNOWN_CHANNEL' });
  });

  it('answers 503 for what did not arrive, and lets no viewer send', async () => {
    const test = (name: string, role: 'viewer' | 'deployer') =>
      server.request(`/api/v1/notifications/channels/${name}/test`, { method: 'POST', role });
    const statuses = await Promise.all([
      test('phone', 'deployer'),
      test('ops', 'deployer'),
      test('nope', 'deployer'),
      test('phone', 'viewer'),
    ]);
    expect(statuses.map(({ status }) => status)).toEqual([200, 503, 404, 403]);
    const list = await server.request('/api/v1/notifications/channels', { role: 'viewer' });
    expect(await list.json()).toMatchObject({ channels: [{ quiet_until: OPS.quietUntil, waiting: 2 }, {}] });
  });
});
