import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Graph, WorkflowServer } from '../../support/api/workflow-server.ts';
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

const web = (more: object) => ({
  id: 'n3',
  type: 'deployment',
  position: { x: 1, y: 2 },
  data: { name: 'web', image: 'nginx:1.29', ...more },
});
const link = (source: string) => ({ source, target: 'n3' });

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
  const publish = async (nodes: readonly object[], edges: readonly object[] = []) => {
    await ask('POST', '/save', { nodes, edges });
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
      'a value for a key that a secret has not',
      [KEYS],
      { trigger_data: { secrets: { n2: { 'A\u001b': 'b' } } } },
      'n2 has no key A\\x1b, so it takes no value',
      true,
    ],
    [
      'a variable of what runs nothing',
      [CONF],
      { trigger_data: { envVars: { n1: { A: 'b' } } } },
      'n1 runs nothing in this workflow, so it takes no variables',
      true,
    ],
    [
      'a variable without a name',
      [web({})],
      { trigger_data: { envVars: { n3: { '': 'b' } } } },
      'n3:  is no name of a variable',
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

  const run = async (body: object = {}) => {
    const { status, body: answer } = await ask('POST', '/run', body);
    if (status !== 200) return `${status} ${String(answer['error'])}`;
    const { rig } = platform;
    const detail = await rig.reconciler.waitForJob(String(answer['run_id']), AbortSignal.timeout(10_000));
    return detail.job.status;
  };
  it('of a workflow that is called like one before it find none of its values', async () => {
    const secrets = { n2: { TOKEN: 'of the first' } };
    await platform.rig.reconciler.start();
    await publish([KEYS]);
    expect((await ask('POST', '/run', { trigger_data: { secrets } })).status).toBe(200);
    expect((await ask('DELETE', '')).status).toBe(200);
    await platform.rig.gone('shop');
    ({ id } = await platform.create('shop', { cluster_id: 'prod' }));
    await publish([KEYS]);
    const { status, body } = await ask('POST', '/run', {});
    expect([status, body['error']]).toEqual([400, expect.stringContaining('TOKEN')]);
  });

  /** Ids of what the cluster was given of a kind. */
  const applied = async (kind: string) => {
    const { rig } = platform;
    const { plan } = await rig.reconciler.plan(
      { stack: 'shop', mode: 'destroy', actor: null, trigger: 'cli' },
      AbortSignal.timeout(10_000),
    );
    return plan.changes.flatMap(({ id }) => (id.includes(`/${kind}/`) ? [id] : []));
  };

  it('take values of secrets, and keep them for the runs after, but none of a run that is refused', async () => {
    await publish([KEYS]);
    const secrets = { n2: { TOKEN: 'hunter2', _new_1: 'x' } };
    const missing =
      '400 shop: there is no secret secret://file/shop.keys.TOKEN, the value of TOKEN of n2: give it with a run';
    expect(await run()).toBe(missing);
    expect(await run({ cluster: 'nope', trigger_data: { secrets } })).toContain('400 ');
    expect(await run()).toBe(missing);
    expect(await run({ trigger_data: { secrets } })).toBe('completed');
    expect(await run()).toBe('completed');
    expect(await applied('Secret')).toEqual(['prod/Secret/default/keys']);
    const seen = [await ask('GET', ''), await ask('GET', '/runs'), await ask('GET', '/versions')];
    expect(JSON.stringify(seen) + (await platform.read('workflows/shop.yaml'))).not.toContain('hunter2');
  });

  it('take values of variables: their names are committed, the values go into a Secret of the node', async () => {
    await publish([CONF, web({ env: { LEVEL: 'info', KEPT: 'x' }, envKeys: ['A'] })], [link('n1')]);
    expect(await run({ trigger_data: { envVars: { n3: { A: 'c' } } } })).toBe(
      '400 the variable A of n3 comes from n1: change it there',
    );
    expect(await run({ trigger_data: { envVars: { n3: { LEVEL: '' }, n1: {} } } })).toBe('completed');
    expect(await applied('Secret')).toEqual([]);

    expect(await run({ trigger_data: { envVars: { n3: { LEVEL: 'hunter2' } } } })).toBe('completed');
    expect(await applied('Secret')).toEqual(['prod/Secret/default/web-variables']);
    const text = await platform.read('workflows/shop.yaml');
    expect(text).not.toContain('hunter2');
    expect(text).not.toContain('info');
    const { nodes } = (await ask('GET', '')).body as unknown as Graph;
    expect(nodes.find(({ id: node }) => node === 'n3')?.data).toMatchObject({
      env: { KEPT: 'x' },
      envKeys: [{ name: 'A' }, { name: 'LEVEL' }],
    });
    expect(await run()).toBe('completed');
  });

  it('are ten at most unless more are asked for', async () => {
    await publish([CONF]);
    for (const query of ['', '?limit=0', '?limit=many', '?limit=1000'])
      expect((await ask('GET', `/runs${query}`)).status).toBe(200);
  });
});
