import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WorkflowServer } from '../../support/api/workflow-server.ts';
import { startWorkflowServer } from '../../support/api/workflow-server.ts';

const CLUSTER = { 'clusters/prod.yaml': 'kubeconfig: /etc/kube/config\n' };
const CONF = {
  id: 'n1',
  type: 'configmap',
  position: { x: 1, y: 2 },
  data: { name: 'conf', data: { A: 'b' } },
};
const KEYS = {
  id: 'n2',
  type: 'secret',
  position: { x: 1, y: 2 },
  data: { name: 'keys', keys: [{ id: '1', name: 'TOKEN' }] },
};

describe('runs of a workflow', () => {
  let platform: WorkflowServer;
  let id: string;
  beforeEach(async () => {
    platform = await startWorkflowServer();
    await platform.push(CLUSTER);
    ({ id } = await platform.create('shop', { cluster_id: 'prod' }));
  });
  afterEach(() => platform[Symbol.asyncDispose]());

  const ask = (method: string, path: string, body?: unknown) =>
    platform.ask(method, `/workflows/${id}${path}`, body);
  const publish = async (nodes: readonly object[]) => {
    await ask('POST', '/save', { nodes, edges: [] });
    expect((await ask('PUT', '/status', { status: 'published' })).status).toBe(200);
  };

  it('apply what is saved, mark it as a version, and are listed with the states of the nodes', async () => {
    await publish([CONF]);
    const run = await ask('POST', '/run', {});
    expect(run).toMatchObject({
      status: 200,
      body: { status: 'deploying', version: 1, message: expect.any(String) as string },
    });
    const runId = String(run.body['run_id']);
    await platform.rig.reconciler.waitForJob(runId, AbortSignal.timeout(10_000));
    const { body } = await ask('GET', '/runs');
    const runs = body['runs'] as readonly { readonly id: string }[];
    expect(runs.find((one) => one.id === runId)).toMatchObject({
      workflow_id: id,
      version: 1,
      status: 'completed',
      triggered_by: 'manual',
      duration: expect.any(Number) as number,
    });
    expect((await ask('GET', '/versions/1')).body).toMatchObject({
      is_automatic: true,
      run_id: runId,
      run_status: 'completed',
      description: expect.stringMatching(/^Snapshot for run at /) as string,
    });
    expect((await ask('GET', '')).body).toMatchObject({ last_run_at: expect.any(String) as string });
  });

  it.each([
    ['a draft', [CONF], {}, 'Workflow must be published to run', false],
    [
      'a value for what is no secret',
      [CONF],
      { trigger_data: { secrets: { n1: { A: 'b' } } } },
      'n1 is no secret of this workflow, so it takes no values',
      true,
    ],
    [
      'a value for a variable',
      [CONF],
      { trigger_data: { envVars: { n1: { A: 'b' } } } },
      'values of variables cannot be given with a run: put them into a configmap or a secret node',
      true,
    ],
    ['a body that is none', [CONF], { cluster: 5 }, 'Invalid request data', true],
  ])('are refused for %s', async (...[, nodes, body, error, isPublished]) => {
    if (isPublished) await publish(nodes);
    const refused = await ask('POST', '/run', body);
    expect([refused.status, refused.body['error']]).toEqual([400, error]);
    expect((await ask('GET', '/versions')).body).toMatchObject({ total: 0 });
  });

  it('are refused with every finding where something is missing', async () => {
    await ask('POST', '/save', { nodes: [KEYS], edges: [] });
    expect((await ask('PUT', '/status', { status: 'published' })).status).toBe(200);
    const refused = await ask('POST', '/run', {});
    expect(refused.status).toBe(400);
    expect(refused.body['error']).toContain('secret');
  });

  it('are ten at most unless more are asked for', async () => {
    await publish([CONF]);
    for (const query of ['', '?limit=0', '?limit=many', '?limit=1000'])
      expect((await ask('GET', `/runs${query}`)).status).toBe(200);
  });
});
