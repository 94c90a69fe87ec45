import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { asFields, asString } from '../../reconciler/base/values.ts';
import { eventually } from '../support/eventually.ts';
import { git } from '../support/git/git-repo.ts';
import type { Json, MainJob } from '../support/main-job.ts';
import { createMainJob } from '../support/main-job.ts';
import type { WorkflowCluster } from '../support/kubernetes/workflow-cluster.ts';
import { openWorkflowCluster, startWorkflowDouble } from '../support/kubernetes/workflow-cluster.ts';

/* A workflow as clients of the platform make it: drawn, run with values, repaired, archived. */

const PATIENCE_MS = 90_000;
const SECRET_VALUE = 'correct-horse-battery';
const VARIABLE_VALUE = 'staple-of-the-run';

describeRuns('API double', () => startWorkflowDouble());
const real = inject('kubernetes');
if (real?.shared === true)
  describeRuns(real.title, (namespace) => openWorkflowCluster(real, namespace, 'none'));

function describeRuns(name: string, open: (namespace: string) => Promise<WorkflowCluster>): void {
  describe(`a workflow over the API of the platform: ${name}`, () => {
    const stack = `flow-${randomBytes(4).toString('hex')}`;
    let cluster: WorkflowCluster;
    let job: MainJob;
    let id = '';
    beforeAll(async () => {
      cluster = await open(stack);
      job = await createMainJob(null, {}, `clusters:\n  prod:\n    ${cluster.file}`);
      await job.push({ 'README.md': 'Flows\n' }, 'Begin');
    });
    afterAll(async () => {
      await job?.[Symbol.asyncDispose]();
      await cluster?.[Symbol.asyncDispose]();
    });

    async function ask(method: string, path: string, body?: unknown): Promise<Json> {
      const response = await fetch(`${job.url}/v1/api${path}`, {
        method,
        headers: { Authorization: `Bearer ${job.adminKey}`, 'Content-Type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const answer: Json = await response.json();
      expect([response.status < 300, answer.error]).toEqual([true, undefined]);
      return answer;
    }
    const read = (kind: string, one: string) =>
      cluster.hand.read(`${kind.replace('NS', `namespaces/${stack}`)}/${one}`).catch(() => null);
    const secretValue = async () => {
      const data = asFields((await read('/api/v1/NS/secrets', 'flow-keys'))?.['data']) ?? {};
      return Buffer.from(asString(data['TOKEN']) ?? '', 'base64').toString();
    };
    const node = (number: number, type: string, data: object) => ({
      id: `n${number}`,
      type,
      position: { x: 300 * number, y: 0 },
      data: { namespace: stack, ...data },
    });

    it('is drawn and saved as commits', async () => {
      ({ id } = await ask('POST', '/workflows', { name: stack, cluster_id: 'prod' }));
      const image = /image: "?([^"\n]+)/.exec(cluster.adapt('image: nginx:1.29'))?.[1];
      const nodes = [
        node(1, 'configmap', { name: 'flow-conf', data: { LEVEL: 'info' } }),
        node(2, 'secret', { name: 'flow-keys', keys: [{ id: 'k1', name: 'TOKEN' }] }),
        node(3, 'deployment', { name: 'flow-web', image, replicas: 1, port: 80 }),
        node(4, 'service', { name: 'flow-web', targetApp: 'flow-web', port: 80 }),
      ];
      const edges = ['n1', 'n2', 'n4'].map((source) => ({ id: `${source}-n3`, source, target: 'n3' }));
      await ask('POST', `/workflows/${id}/save`, { nodes, edges });
      await ask('PUT', `/workflows/${id}/status`, { status: 'published' });
      expect(await git(job.repository.path, 'show', `main:workflows/${stack}.yaml`)).toContain('flow-web');
    });

    it('runs with values, and becomes healthy', async () => {
      const { run_id: run } = await ask('POST', `/workflows/${id}/run`, {
        namespace: stack,
        trigger_data: { secrets: { n2: { TOKEN: SECRET_VALUE } }, envVars: { n3: { MODE: VARIABLE_VALUE } } },
      });
      const runs = await eventually(
        async () => (await ask('GET', `/workflows/${id}/runs`)).runs,
        (found: Json) => found.find((one: Json) => one.id === run)?.status !== 'running',
        PATIENCE_MS,
      );
      expect(runs.find((one: Json) => one.id === run)).toMatchObject({ status: 'completed', version: 1 });
      await job.reaches(stack, 'in_sync', PATIENCE_MS);
      expect(await secretValue()).toBe(SECRET_VALUE);
    });

    it('is repaired with the values of its run', async () => {
      await cluster.hand.remove(`/api/v1/namespaces/${stack}/secrets/flow-keys`);
      expect(await eventually(secretValue, (value) => value === SECRET_VALUE, PATIENCE_MS)).toBe(
        SECRET_VALUE,
      );
      await job.reaches(stack, 'in_sync', PATIENCE_MS);
    });

    it('shows what it is made of, and never a value', async () => {
      const { resources } = await ask('GET', `/resources?namespace=${stack}&limit=100`);
      const types: readonly string[] = resources.map(({ type }: Json) => type);
      expect(types).toEqual(expect.arrayContaining(['ConfigMap', 'Deployment', 'Secret', 'Service']));
      const answers = await Promise.all([
        ask('GET', `/workflows/${id}`),
        ask('GET', `/workflows/${id}/runs`),
        ask('GET', `/workflows/${id}/versions`),
        ...resources.map((one: Json) => ask('GET', `/resources/${one.id}`)),
      ]);
      const log = job.daemon.stdout() + job.daemon.stderr();
      const everything = `${JSON.stringify(answers)}${log}${await git(job.repository.path, 'log', '-p', '--all')}`;
      for (const value of [SECRET_VALUE, VARIABLE_VALUE]) expect(everything).not.toContain(value);
    });

    it('leaves nothing when it is archived', async () => {
      await ask('PUT', `/workflows/${id}/status`, { status: 'archived' });
      const left = async () =>
        [
          await read('/apis/apps/v1/NS/deployments', 'flow-web'),
          await read('/api/v1/NS/services', 'flow-web'),
          await read('/api/v1/NS/configmaps', 'flow-conf'),
        ].filter((one) => one !== null).length;
      expect(await eventually(left, (count) => count === 0, PATIENCE_MS)).toBe(0);
    });
  });
}
