import { afterAll, beforeAll, expect, it } from 'vitest';
import type { MainJob } from '../../support/main-job.ts';
import { createEngineView, createMainJob, IMAGE, PATIENCE_MS, runOnEngine } from '../../support/main-job.ts';
import { workerEngine } from '../../support/docker/worker-engine.ts';

/* Commands in a container after its start and before its stop, as docker-compose runs them. */

const dockerHost = workerEngine();
const engine = createEngineView(dockerHost);
let job: MainJob;

beforeAll(async () => {
  job = await createMainJob(dockerHost, { KOMBINATOR_STABLE: '1s' });
});
afterAll(() => job?.[Symbol.asyncDispose]());

const described = (word: string, code = 0) => ({
  'kombinations/life/kombination.yaml': `version: "1.0"
meta: { name: life }
compose: compose.yaml
`,
  'kombinations/life/compose.yaml': `services:
  web:
    image: ${IMAGE}
    command: [sleep, infinity]
    init: true
    environment: { GREETING: hello }
    volumes: ["log:/log"]
    post_start:
      - command: [sh, -c, 'echo "start $$GREETING $$WORD $$(id -u) $$(pwd)" >> /log/lines']
        user: "0"
        working_dir: /tmp
        environment: [WORD=${word}]
      - command: sh -c "echo second told; exit ${code}"
    pre_stop:
      - command: [sh, -c, "echo stop ${word} >> /log/lines"]
volumes: { log: }
`,
});

const lines = async () => {
  const reading = ['exec', 'life-web-1', 'cat', '/log/lines'];
  // The container may be the next one, and not there yet.
  const text = await runOnEngine(dockerHost, 'docker', reading).catch(String);
  return text.trim().split('\n');
};

it('are run with their user, directory and variables, once for each start', async () => {
  await job.push(described('one'), 'A service with commands of its own');
  await job.reaches('life', 'in_sync');
  expect(await lines()).toEqual(['start hello one 0 /tmp']);
  expect(await job.run('plan', '--stack', 'life', '--detailed-exitcode')).toMatchObject({ code: 0 });

  await job.push(described('two'), 'Other words');
  const told = ['start hello one 0 /tmp', 'stop one', 'start hello two 0 /tmp'];
  await expect.poll(lines, { timeout: PATIENCE_MS, interval: 200 }).toEqual(told);
  await job.reaches('life', 'in_sync');
});

it('that fail after a start fail the change, whose container goes and leaves its place to the one before', async () => {
  const before = await engine.id('life-web-1');
  await job.push(described('three', 3), 'One that fails');
  const view = await job.reaches('life', 'failed');
  expect(view.message).toContain('post_start[1] ended with 3: second told');
  expect(await engine.id('life-web-1')).toBe(before);
  expect((await lines()).at(-1)).toBe('start hello two 0 /tmp');
});
