import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineJson } from '../support/docker/docker-engine.ts';
import { eventually } from '../support/eventually.ts';
import type { Json, MainJob } from '../support/main-job.ts';
import { createMainJob, IMAGE } from '../support/main-job.ts';
import { workerEngine } from '../support/docker/worker-engine.ts';
import { readNumber } from '../support/numbers/read-number.ts';

/* The real daemon is killed in the middle of a batch delete; the next one ends the job with the right counts. */

/** `npm run test:bounds` asks for twelve. */
const INSTANCES = readNumber('KILLED_INSTANCES', 6);
const POD = `kind: Pod
spec:
  containers:
    - name: app
      image: ${IMAGE}
      command: [sleep, "1000"]
      ports: [{ containerPort: 80 }]
      resources: { limits: { cpu: 100m, memory: 6Mi } }
`;

describe('a batch delete', () => {
  let job: MainJob;
  beforeAll(async () => {
    job = await createMainJob(workerEngine());
  });
  afterAll(() => job[Symbol.asyncDispose]());

  async function ask(method: string, path: string, body?: object): Promise<Json> {
    const headers = { 'X-API-KEY': job.adminKey };
    const response = await fetch(`${job.url}${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as Json;
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
    return answer;
  }

  async function create(): Promise<string> {
    const body = { pod_spec: POD, target_port: [{ container_port: 80, protocol: 'TCP' }] };
    return (await ask('POST', '/stacks', body)).stack_id as string;
  }

  const containers = async (ids: readonly string[]) => {
    const filters = encodeURIComponent(JSON.stringify({ label: ['io.kombinator.instance'] }));
    const socket = workerEngine().replace('unix://', '');
    const all = await engineJson<{ Labels: Record<string, string> }[]>(
      socket,
      'GET',
      `/containers/json?all=1&filters=${filters}`,
    );
    return all.filter(({ Labels }) => ids.includes(Labels['io.kombinator.instance'] ?? ''));
  };

  it.each([1, Math.floor(INSTANCES / 2), INSTANCES - 2])(
    'that is killed after %i deletions ends with the right counts',
    async (progress) => {
      const ids: string[] = [];
      for (let count = 0; count < INSTANCES; count += 1) ids.push(await create());
      const isUp = (stacks: Json[]) =>
        stacks.filter(({ status }) => status === 'running').length === INSTANCES;
      const stacks = await eventually(
        async () => (await ask('GET', '/stacks')).stacks as Json[],
        isUp,
        120_000,
      );
      expect(isUp(stacks)).toBe(true);
      const { job_id: id } = await ask('POST', '/stacks/batch-delete', { stack_ids: [...ids, 'stack-none'] });
      const look = () => ask('GET', `/stacks/batch-delete/${id}`);
      for (let now = await look(); now.deleted < progress; now = await look()) await sleep(1);
      await job.stop('SIGKILL');
      await job.start();
      const seen = await look();
      expect(seen.deleted).toBeGreaterThanOrEqual(progress);
      const ended = await eventually(
        look,
        ({ status }) => status === 'completed' || status === 'failed',
        120_000,
      );
      expect(ended).toMatchObject({
        job_id: id,
        status: 'completed',
        total: INSTANCES + 1,
        deleted: INSTANCES,
        not_found: 1,
        failed: 0,
      });
      expect((await ask('GET', '/stacks')).stacks).toEqual([]);
      expect(await containers(ids)).toEqual([]);
      expect(await ask('GET', '/stats')).toMatchObject({ total_stacks: 0, used_node_ports: 0 });
    },
  );
});
