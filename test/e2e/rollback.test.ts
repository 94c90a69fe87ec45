import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { git } from '../support/git/git-repo.ts';
import type { Json, MainJob } from '../support/main-job.ts';
import { createMainJob, lines, awaitPage, webStack } from '../support/main-job.ts';
import { workerEngine } from '../support/docker/worker-engine.ts';

/* A bad push, and the way back: what answers, what the repository holds, and what history and tags tell afterwards. */

const dockerHost = workerEngine();
let job: MainJob;
let port: number;

beforeAll(async () => {
  job = await createMainJob(dockerHost);
  port = await freePort();
});
afterAll(() => job?.[Symbol.asyncDispose]());

const history = async (): Promise<readonly Json[]> =>
  (await job.api('GET', '/stacks/returning/deployments')).body.deployments;

describe('a rollback after a bad push', () => {
  it('brings the old version back and is a deployment of its own', async () => {
    await job.push(webStack('returning', 'one', { port }), 'Open the shop');
    await job.job('returning', ({ tag }) => tag === 'deploy/returning/1');
    // It answers, so it is deployed; that it says the wrong thing only people can see.
    await job.push(webStack('returning', 'typo', { port, more: '# a change\n' }), 'Change the page');
    await job.job('returning', ({ tag }) => tag === 'deploy/returning/2');
    expect(await awaitPage(port, 'typo')).toBe('typo');

    const rolled = await job.runRemote('rollback', 'returning', '--to', '1', '--yes');
    expect(rolled).toMatchObject({ code: 0 });
    await job.job('returning', ({ tag }) => tag === 'deploy/returning/3');

    expect(await awaitPage(port, 'one')).toBe('one');
    const { path } = job.repository;
    expect(await git(path, 'log', '-1', '--format=%s', 'main')).toBe(
      'Roll returning back from deployment 2 to deployment 1',
    );
    // The files are as they were; nothing else is different.
    expect(await git(path, 'diff', '--name-only', 'deploy/returning/1', 'main')).toBe('');
    expect(await git(path, 'rev-parse', 'deploy/returning/3^{commit}')).toBe(
      await git(path, 'rev-parse', 'main'),
    );
  });

  it('that never got healthy leaves the failure and the rollback in the history', async () => {
    const bad = webStack('returning', 'broken', { port, healthy: '[CMD, "false"]' });
    const commit = await job.push(bad, 'Break the shop');
    await job.job('returning', ({ revision, status }) => revision === commit && status === 'failed');
    expect(await awaitPage(port, 'one')).toBe('one');

    const answer = await job.api('POST', '/stacks/returning/rollback', { body: { to: 3 } });
    expect(answer).toMatchObject({ status: 200 });
    await job.job('returning', ({ tag }) => tag === 'deploy/returning/4');

    expect(await awaitPage(port, 'one')).toBe('one');
    // Another try of what is described may have begun, in vain, before the rollback came.
    const isTry = ({ trigger, result }: Json) =>
      ['retry', 'drift'].includes(trigger) && result !== 'deployed';
    const asked = (await history()).filter((one: Json) => !isTry(one));
    expect(asked.map(({ number, result, trigger }) => [number, result, trigger])).toEqual([
      [4, 'deployed', expect.any(String)],
      [null, 'failed', 'push'],
      [3, 'deployed', 'push'],
      [2, 'deployed', 'push'],
      [1, 'deployed', 'push'],
    ]);
    const failed = asked[1];
    expect(failed).toMatchObject({ revision: commit, tag: null });
    expect(failed.message).toContain('the version before runs again');
    const message = await git(
      job.repository.path,
      'tag',
      '--list',
      '--format=%(contents)',
      'deploy/returning/4',
    );
    expect(message).toMatch(/^Duration: [\d.]+ s$/m);
    expect(message).toContain('File: kombinations/returning/kombination.yaml');
  });

  it('to what runs already is refused without a commit', async () => {
    const before = await git(job.repository.path, 'rev-parse', 'main');
    expect(await job.api('POST', '/stacks/returning/rollback', { body: { to: 4 } })).toMatchObject({
      status: 400,
      body: { error: { message: expect.stringContaining('already as in deployment 4') } },
    });
    expect(await git(job.repository.path, 'rev-parse', 'main')).toBe(before);
  });

  it('is told from the tags alone once the state directory is gone', async () => {
    await job.stop('SIGTERM');
    await rm(job.stateDir, { recursive: true });
    await job.start();
    await job.reaches('returning', 'in_sync');
    const entries = await history();
    expect(entries.map(({ number }) => number)).toEqual([4, 3, 2, 1]);
    for (const entry of entries) {
      expect(entry).toMatchObject({ result: 'deployed', job_id: expect.stringMatching(/^job_/) });
      expect(entry.duration_ms).toBeGreaterThanOrEqual(0);
      expect(entry.author).not.toBeNull();
    }
  });
});

describe('without a daemon', () => {
  it('--apply commits and deploys in one go', async () => {
    await job.stop('SIGTERM');
    const before = lines((await job.run('history', 'returning')).stdout).length;
    expect(await job.run('rollback', 'returning', '--to', '2', '--yes', '--apply')).toMatchObject({
      code: 0,
    });
    expect(await awaitPage(port, 'typo')).toBe('typo');
    const rows = lines((await job.run('history', 'returning')).stdout);
    expect(rows).toHaveLength(before + 1);
    expect(rows[0]).toMatch(/^5\tdeploy\/returning\/5\t/);
    expect(rows[0]).toContain('\tdeployed\t');
  });
});
