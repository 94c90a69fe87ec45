import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRemoteSession } from '../../../api/cli/remote/remote-session.ts';
import type { ClusterView, Reconciler } from '../../../reconciler/index.ts';
import { ReconcilerError } from '../../../reconciler/index.ts';
import type { ApiServer } from '../../support/api/api-server.ts';
import { KEYS, startApiServer } from '../../support/api/api-server.ts';
import { runFakeCli } from '../../support/cli/cli-harness.ts';
import type { FakeInventory } from '../../support/fakes/fake-inventory.ts';
import { buildObject, createFakeInventory } from '../../support/fakes/fake-inventory.ts';
import { createFakeReconciler } from '../../support/fakes/fake-reconciler.ts';

const NEVER = new AbortController().signal;
const PROD: ClusterView = {
  id: '0'.repeat(24),
  name: 'prod',
  displayName: 'Production',
  description: '',
  server: 'https://prod:6443',
  authType: 'token',
  labels: {},
  isDefault: true,
  status: 'connected',
  message: 'Kubernetes v1.33.1',
  lastCheck: '2026-01-01T00:00:00Z',
  facts: {
    hostname: 'prod',
    os: 'linux',
    arch: 'amd64',
    engineVersion: 'v1.33.1',
    apiVersion: '1.33',
    cpuCores: 4,
    memoryBytes: 1,
    diskBytes: null,
    cluster: { nodes: ['a', 'b'], namespaces: [], storageClasses: [] },
  },
};

let fake: FakeInventory;
beforeEach(() => {
  fake = createFakeInventory();
  const node = buildObject({ kind: 'Node', name: 'n1', namespace: null, stack: null, createdAt: null });
  fake.tell('prod', [buildObject({ createdAt: '2026-01-01T00:00:00Z' }), node]);
  fake.tell('test', [buildObject({ stack: 'blog', status: 'failed', message: 'it crashed' })]);
});
afterEach(() => fake.inventory[Symbol.asyncDispose]());

const run = (argv: readonly string[], more: Partial<Reconciler>, isTerminal = false) =>
  runFakeCli([...argv, '--no-color'], { plans: {}, more }, { isTerminal });

describe('kombinator resources', () => {
  it('lists what is there, tab-separated for programs', async () => {
    const { code, stdout } = await run(['resources'], fake.operations);
    expect([code, stdout.split('\n')]).toEqual([
      0,
      [
        'prod\t-\tNode\tn1\trunning\t-\t',
        'prod\tshop\tPod\tshop/web-1\trunning\t2026-01-01T00:00:00Z\t',
        'test\tblog\tPod\tshop/web-1\tfailed\t2026-11-30T09:00:00Z\tit crashed',
        '',
      ],
    ]);
  });

  it.each([
    [['--node', 'test'], 1],
    [['--stack', 'shop'], 1],
    [['--kind', 'pod'], 2],
    [['--kind', 'pod', '--node', 'prod', '--stack', 'blog'], 0],
  ])('%j', async (options, count) => {
    const { stdout } = await run(['resources', ...options, '--json'], fake.operations);
    expect((JSON.parse(stdout) as { resources: unknown[] }).resources).toHaveLength(count);
  });

  it('names nodes that tell nothing', async () => {
    await run(['resources'], fake.operations);
    fake.fail('test', new Error('no answer'));
    const { code, stderr, stdout } = await run(['resources', '--json'], fake.operations);
    expect([code, stderr]).toEqual([
      0,
      expect.stringContaining('test tells nothing at the moment: no answer'),
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ silent: [{ node: 'test', message: 'no answer' }] });
    const other = await run(['resources', '--node', 'prod'], fake.operations);
    expect(other.stderr).toBe('');
  });

  it('is a table on a terminal', async () => {
    const { stdout } = await run(['resources', '--stack', 'shop'], fake.operations, true);
    expect(stdout).toMatch(/NODE +STACK +KIND +NAME +STATUS +MADE/);
    expect(stdout).toMatch(/prod +shop +Pod +shop\/web-1 +running +5 min ago/);
    expect((await run(['resources', '--stack', 'x'], fake.operations, true)).stdout).toBe(
      'nothing is there\n',
    );
  });
});

describe('kombinator cluster', () => {
  it('lists clusters', async () => {
    const { stdout } = await run(['cluster', 'list'], { listClusters: () => [PROD] });
    expect(stdout).toBe('prod\tdefault\thttps://prod:6443\tconnected\tKubernetes v1.33.1\n');
  });

  it('looks at one, and fails with what it says', async () => {
    const testCluster = (name: string) =>
      name === 'prod'
        ? Promise.resolve(PROD)
        : Promise.reject(new ReconcilerError('UNKNOWN_CLUSTER', `there is no cluster ${name}`));
    const found = await run(['cluster', 'test', 'prod'], { testCluster });
    expect([found.code, found.stdout]).toEqual([0, '✓ prod answers: Kubernetes v1.33.1, 2 nodes\n']);
    const failed = await run(['cluster', 'test', 'nope'], { testCluster });
    expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining('there is no cluster nope')]);
  });
});

describe('a running daemon', () => {
  let server: ApiServer;
  beforeEach(async () => {
    const reconciler = {
      ...createFakeReconciler(),
      ...fake.operations,
      listClusters: () => [PROD],
      testCluster: () => Promise.resolve(PROD),
    };
    server = await startApiServer({ reconciler });
  });
  afterEach(() => server[Symbol.asyncDispose]());

  it('tells the same', async () => {
    await using session = createRemoteSession({ url: server.url, apiKey: KEYS.deployer });
    const { resources } = await session.listResources({ kind: 'Pod', stack: 'blog' }, NEVER);
    expect(resources).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f]{24}$/) as string,
        node: 'test',
        kind: 'Pod',
        namespace: 'shop',
        name: 'web-1',
        stack: 'blog',
        status: 'failed',
        message: 'it crashed',
        createdAt: '2026-11-30T09:00:00Z',
      },
    ]);
    expect(await session.listClusters(NEVER)).toMatchObject([
      { name: 'prod', displayName: 'Production', isDefault: true, version: 'v1.33.1', nodes: 2 },
    ]);
    expect(await session.testCluster('prod', NEVER)).toMatchObject({ name: 'prod', status: 'connected' });
  });

  it('gives pages', async () => {
    const response = await server.request('/api/v1/resources?page=2&per_page=1', { role: 'viewer' });
    expect(await response.json()).toMatchObject({
      resources: [{ kind: 'Pod', node: 'prod', created_at: '2026-01-01T00:00:00Z' }],
      pagination: { page: 2, per_page: 1, total: 3 },
    });
  });
});
