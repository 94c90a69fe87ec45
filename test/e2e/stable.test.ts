import { afterAll, beforeAll, expect, it } from 'vitest';
import type { MainJob } from '../support/main-job.ts';
import { createMainJob, IMAGE, runOnEngine } from '../support/main-job.ts';
import { workerEngine } from '../support/docker/worker-engine.ts';

/* A program without a health check counts as well when it has run for a while: here 2 s instead of 10. */

const dockerHost = workerEngine();
let job: MainJob;

beforeAll(async () => {
  job = await createMainJob(dockerHost, { KOMBINATOR_STABLE: '2s' });
});
afterAll(() => job?.[Symbol.asyncDispose]());

function program(stack: string, script: string) {
  const text = [
    'version: "1.0"',
    `meta: { name: ${stack} }`,
    'services:',
    `  web: { image: "${IMAGE}", pull_policy: never, stop_grace_period: 0s, command: [sh, -c, "${script}"] }`,
    '',
  ].join('\n');
  return { [`kombinations/${stack}/kombination.yaml`]: text };
}

const command = async () =>
  runOnEngine(dockerHost, 'docker', ['inspect', '--format', '{{ json .Config.Cmd }}', 'steady-web-1']);

it('puts back the version before when the next one falls over within its stable time', async () => {
  await job.push(program('steady', 'sleep 1000'), 'Begin');
  await job.job('steady', ({ tag }) => tag === 'deploy/steady/1');
  const commit = await job.push(program('steady', 'echo no database; sleep 1; exit 7'), 'Break it');
  const failed = await job.job('steady', ({ revision }) => revision === commit);
  expect(failed).toMatchObject({ status: 'failed', tag: null, error: { code: 'UNHEALTHY' } });
  expect(failed.error.message).toMatch(
    /not stable, it ended within 2 s and was restarted: (keeps restarting: )?exited with 7; last output: .*no database/,
  );
  expect(failed.error.message).toContain('the version before runs again');
  expect(await command()).toContain('sleep 1000');
  expect(await job.tags('steady')).toEqual(['deploy/steady/1']);
});

it('says so of a first version, and goes on once it keeps running', async () => {
  await job.push(program('late', 'test -e /seen && exec sleep 1000; touch /seen; exit 3'), 'Fall over once');
  const failed = await job.job('late', ({ status }) => status === 'failed');
  expect(failed.error.message).toContain('exited with 3');
  await job.job('late', ({ tag }) => tag === 'deploy/late/1');
  await job.reaches('late', 'in_sync');
});
