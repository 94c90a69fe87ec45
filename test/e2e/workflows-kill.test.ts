import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineJson } from '../support/docker/docker-engine.ts';
import { startRegistry } from '../support/docker/registry-server.ts';
import { workerEngine } from '../support/docker/worker-engine.ts';
import { eventually } from '../support/eventually.ts';
import { commitFiles, createBareRepo, git } from '../support/git/git-repo.ts';
import { startGitServer } from '../support/git/git-server.ts';
import type { WorkflowCluster } from '../support/kubernetes/workflow-cluster.ts';
import { startWorkflowDouble } from '../support/kubernetes/workflow-cluster.ts';
import type { Json, MainJob } from '../support/main-job.ts';
import { createMainJob, PATIENCE_MS } from '../support/main-job.ts';
import { createRandom } from '../support/numbers/random.ts';
import { readNumber } from '../support/numbers/read-number.ts';

/** `npm run test:bounds` asks for more; `KILL_SEED` repeats the moments of a run that printed it. */
const ROUNDS = readNumber('WORKFLOW_KILLS', 4);
const SEED = readNumber('KILL_SEED', randomInt(2 ** 32 - 1));
/** A daemon is killed at most this long after a request was sent. */
const WINDOW_MS = 400;
/** The same for a build, which takes longer. */
const BUILD_WINDOW_MS = 3_000;

const COMPOSE =
  'services:\n  cache:\n    image: nginx:1.29\n    ports: ["8080:80"]\n    environment: { A: b }\n';

/** An answer that came before the daemon was killed; `null`: none came. */
type Heard = { readonly status: number; readonly body: Json } | null;

const DOCKERFILE = 'FROM scratch\nCOPY busybox /bin/sh\nRUN ["/bin/sh", "-c", "echo built > /built"]\n';

/** A registry, a repository with a Dockerfile, and the engine of the worker. */
async function startBuilding() {
  const registry = await startRegistry();
  const sources = await createBareRepo();
  const busybox = { mode: '100755', content: await readFile('/bin/busybox') } as const;
  await commitFiles(sources, { Dockerfile: DOCKERFILE, busybox }, 'an app');
  const server = await startGitServer({ repository: sources.path });
  return {
    registry,
    url: server.url,
    operator: `policy: { allow: { registries: ["*"] } }
engines: { builder: { host: "${workerEngine()}" } }
builds: { engine: builder, sources: ["${new URL(server.url).origin}/"] }
`,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await sources[Symbol.asyncDispose]();
      await registry[Symbol.asyncDispose]();
    },
  };
}

describe(`kill -9 while workflows are saved, run, imported and built for (KILL_SEED=${SEED})`, () => {
  const random = createRandom(SEED);
  let building: Awaited<ReturnType<typeof startBuilding>>;
  let cluster: WorkflowCluster;
  let job: MainJob;
  let id: string;
  let saved = 0;
  beforeAll(async () => {
    cluster = await startWorkflowDouble();
    building = await startBuilding();
    const { registry, operator } = building;
    const environment = { KOMBINATOR_SECRET_REGISTRY: registry.password };
    job = await createMainJob(null, environment, `clusters:\n  prod:\n    ${cluster.file}${operator}`);
    const settings = `registries: [{ host: "${registry.host}", username: ci, password: secret://env/REGISTRY }]\n`;
    await job.push({ 'kombinator.yaml': settings }, 'Begin');
    const made = await ask('POST', '/workflows', { name: 'flow', cluster_id: 'prod' });
    expect(made).toMatchObject({ status: 201 });
    id = made!.body.id;
    await save(0);
    expect(await ask('PUT', `/workflows/${id}/status`, { status: 'published' })).toMatchObject({
      status: 200,
    });
  });
  afterAll(async () => {
    await job?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
    await building?.[Symbol.asyncDispose]();
  });

  /** `null` where the daemon did not live to answer. */
  async function ask(method: string, path: string, body?: unknown): Promise<Heard> {
    try {
      const response = await fetch(`${job.url}/v1/api${path}`, {
        method,
        headers: { 'X-API-KEY': job.adminKey, 'Content-Type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: response.status, body: await response.json() };
    } catch {
      return null;
    }
  }
  const save = (value: number) =>
    ask('POST', `/workflows/${id}/save`, {
      nodes: [
        {
          id: 'n1',
          type: 'configmap',
          position: { x: 0, y: 0 },
          data: { name: 'flow-conf', data: { VALUE: String(value) } },
        },
        {
          id: 'n2',
          type: 'deployment',
          position: { x: 1, y: 0 },
          data: { name: 'flow-web', image: 'nginx:1.29' },
        },
      ],
      edges: [],
    });
  const commits = async () => Number(await git(job.repository.path, 'rev-list', '--count', 'main'));
  const valueOf = (workflow: Json) => Number(workflow.nodes[0].data.data.VALUE);

  /** Each kind of work, and how its outcome is judged once the daemon is back. */
  const kinds = {
    async save(): Promise<() => Promise<void>> {
      const value = saved + 1;
      const before = await commits();
      const heard = await during(() => save(value));
      return async () => {
        const workflow = (await ask('GET', `/workflows/${id}`))!.body;
        expect([saved, value]).toContain(valueOf(workflow));
        if (heard !== null) expect(valueOf(workflow)).toBe(value);
        expect((await commits()) - before).toBe(valueOf(workflow) === value ? 1 : 0);
        saved = valueOf(workflow);
      };
    },
    async run(): Promise<() => Promise<void>> {
      const heard = await during(() => ask('POST', `/workflows/${id}/run`, {}));
      return async () => {
        const { runs }: Json = await eventually(
          async () => (await ask('GET', `/workflows/${id}/runs`))!.body,
          ({ runs: found }: Json) => found.every(({ status }: Json) => status !== 'running'),
          PATIENCE_MS,
        );
        expect(runs.filter(({ status }: Json) => status === 'running')).toEqual([]);
        if (heard !== null) expect(runs.map((one: Json) => one.id)).toContain(heard.body.run_id);
        const { versions } = (await ask('GET', `/workflows/${id}/versions?limit=50`))!.body;
        const numbers = versions.map(({ version }: Json) => version);
        expect(new Set(numbers).size).toBe(numbers.length);
      };
    },
    async import(): Promise<() => Promise<void>> {
      const fileContent = Buffer.from(COMPOSE).toString('base64');
      const read = await ask('POST', '/import/analyze', {
        source: 'file',
        fileName: 'compose.yaml',
        fileContent,
      });
      const { analysis } = read!.body;
      const name = `imported-${saved}-${randomInt(1e9)}`;
      const before = await commits();
      const heard = await during(() =>
        ask('POST', '/import/create-workflow', { name, clusterId: 'prod', analysis }),
      );
      return async () => {
        const { workflows } = (await ask('GET', `/workflows?search=${name}`))!.body;
        expect(workflows.length).toBeLessThanOrEqual(1);
        if (heard !== null) expect(workflows).toHaveLength(1);
        if (workflows.length === 1) expect(workflows[0].nodes.length).toBeGreaterThan(1);
        expect((await commits()) - before).toBe(workflows.length);
      };
    },
    async build(): Promise<() => Promise<void>> {
      const { registries } = (await ask('GET', '/registries'))!.body;
      const before = await commits();
      const heard = await during(
        () => ask('POST', '/builds/start', buildOf(registries[0].id)),
        BUILD_WINDOW_MS,
      );
      return async () => {
        const { builds }: Json = await eventually(
          async () => (await ask('GET', '/builds'))!.body,
          ({ builds: found }: Json) => found.every(({ completedAt }: Json) => completedAt !== undefined),
          PATIENCE_MS,
        );
        expect(heard?.body.error).toBeUndefined();
        expect(builds.filter(({ completedAt }: Json) => completedAt === undefined)).toEqual([]);
        if (heard !== null) {
          expect(heard).toMatchObject({ status: 201 });
          expect(builds.map((one: Json) => one.id)).toContain(heard.body.build.id);
        }
        expect((await commits()) - before).toBeLessThanOrEqual(1);
        const images: Json = await engineJson(workerEngine().replace('unix://', ''), 'GET', '/images/json');
        const left = images.flatMap(({ RepoTags }: Json) => RepoTags ?? []);
        expect(left.filter((name: string) => name.startsWith('kombinator-build'))).toEqual([]);
      };
    },
  };
  const buildOf = (registryId: string) => ({
    repoUrl: building.url,
    registryId,
    imageName: 'team/app',
    workflowId: id,
  });

  /** Sends a request, and kills the daemon at a random moment after it. */
  async function during(work: () => Promise<Heard>, windowMs = WINDOW_MS): Promise<Heard> {
    const answer = work();
    await sleep(random() * windowMs);
    await job.stop('SIGKILL');
    return answer;
  }

  const names = Object.keys(kinds) as readonly (keyof typeof kinds)[];
  const rounds = Array.from({ length: ROUNDS }, (_, round) => names[round % names.length]!);
  it.each(rounds.map((kind, round) => ({ kind, round })))(
    'round $round, $kind: nothing is lost, nothing doubled, jobs end',
    async ({ kind }) => {
      const judge = await kinds[kind]();
      await job.start();
      await eventually(
        async () => (await ask('GET', `/workflows/${id}`))?.status,
        (status) => status === 200,
        PATIENCE_MS,
      );
      await judge();
      await job.reaches('flow', 'in_sync');
      const live = await cluster.hand
        .read('/api/v1/namespaces/default/configmaps/flow-conf')
        .catch(() => null);
      if (live !== null) expect(live).toMatchObject({ data: { VALUE: expect.any(String) as string } });
    },
  );
});
