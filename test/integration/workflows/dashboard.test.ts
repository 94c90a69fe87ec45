import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WorkflowServer } from '../../support/api/workflow-server.ts';
import { startWorkflowServer } from '../../support/api/workflow-server.ts';

const CONF = {
  id: 'n1',
  type: 'configmap',
  position: { x: 1, y: 2 },
  data: { name: 'conf', data: { A: 'b' } },
};

describe('the dashboard', () => {
  let platform: WorkflowServer;
  beforeEach(async () => {
    platform = await startWorkflowServer();
    await platform.push({ 'clusters/prod.yaml': 'kubeconfig: /etc/kube/config\n' });
  });
  afterEach(() => platform[Symbol.asyncDispose]());

  it('begins with nothing', async () => {
    const nothing = { value: '0', change: 0, trend: 'neutral' };
    expect(await platform.ask('GET', '/dashboard/stats')).toEqual({
      status: 200,
      body: {
        total_workflows: nothing,
        published_workflows: nothing,
        total_runs: nothing,
        success_rate: { value: '100.0%', change: 0, trend: 'neutral' },
      },
    });
    expect((await platform.ask('GET', '/dashboard/recent-workflows')).body).toEqual({ workflows: [] });
  });

  it('counts workflows, those that are published, and their runs', async () => {
    const { id } = await platform.create('shop', { cluster_id: 'prod' });
    await platform.create('blog');
    await platform.ask('POST', `/workflows/${id}/save`, { nodes: [CONF], edges: [] });
    await platform.ask('PUT', `/workflows/${id}/status`, { status: 'published' });
    const run = await platform.ask('POST', `/workflows/${id}/run`, {});
    await platform.rig.reconciler.waitForJob(String(run.body['run_id']), AbortSignal.timeout(10_000));
    const { body } = await platform.ask('GET', '/dashboard/stats');
    expect(body).toMatchObject({
      total_workflows: { value: '2' },
      published_workflows: { value: '1' },
      success_rate: { value: '100.0%' },
    });
    expect(Number((body['total_runs'] as { value: string }).value)).toBeGreaterThanOrEqual(1);
  });

  it('lists as many as are asked for, without their graphs', async () => {
    for (const name of ['a', 'b', 'c']) await platform.create(name);
    const list = async (query: string) =>
      (await platform.ask('GET', `/dashboard/recent-workflows${query}`)).body[
        'workflows'
      ] as readonly object[];
    expect(await list('?limit=2')).toHaveLength(2);
    expect(await list('?limit=0')).toHaveLength(3);
    expect(await list('')).toMatchObject([{ nodes: null, edges: null }, {}, {}]);
  });
});
