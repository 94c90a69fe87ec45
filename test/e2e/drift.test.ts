import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { git } from '../support/git/git-repo.ts';
import type { Json, MainJob } from '../support/main-job.ts';
import { createMainJob, lines, PATIENCE_MS, runOnEngine, webStack } from '../support/main-job.ts';
import { workerEngine } from '../support/docker/worker-engine.ts';

/* Somebody changes a container by hand: what is shown, what is proposed in Git, and both ways out. */

const dockerHost = workerEngine();
let job: MainJob;

beforeAll(async () => {
  job = await createMainJob(dockerHost);
});
afterAll(() => job?.[Symbol.asyncDispose]());

const docker = (...args: readonly string[]) => runOnEngine(dockerHost, 'docker', args);
const restartOf = async () =>
  (await docker('inspect', '--format', '{{ .HostConfig.RestartPolicy.Name }}', 'wandering-web-1')).trim();
const drift = async (): Promise<Json> => (await job.api('POST', '/stacks/wandering/drift/check')).body;

/** The lines that the proposal changes. */
async function proposed(): Promise<readonly string[]> {
  const diff = await git(job.repository.path, 'diff', '-U0', 'main', 'drift/wandering');
  return lines(diff).filter((line) => /^[+-](?![+-])/.test(line));
}

describe('drift of a stack that proposes', () => {
  it('is shown field by field and written on a branch of its own', async () => {
    const policy = 'policy: { drift: propose }   # ask first\n';
    await job.push(webStack('wandering', 'one', { more: policy }), 'Open the shop');
    await job.reaches('wandering', 'in_sync');
    const main = await git(job.repository.path, 'rev-parse', 'main');

    await docker(
      'update',
      '--restart',
      'always',
      '--memory',
      '64m',
      '--memory-swap',
      '128m',
      'wandering-web-1',
    );

    const view = await job.reaches('wandering', 'drifted');
    const told = await eventually(
      async () => (await job.api('GET', '/stacks/wandering')).body.message,
      (message) => message.includes('proposed'),
      PATIENCE_MS,
    );
    expect(told).toBe('1 resource has drifted; what runs is proposed on the branch drift/wandering');
    expect(view.drift).toMatchObject({ has_drift: true, status: 'drifted' });
    expect((await drift()).changes).toEqual(
      expect.arrayContaining([
        {
          resource: 'local/container/web',
          type: 'modified',
          action: 'update',
          field: 'restart.policy',
          expected: 'unless-stopped',
          actual: 'always',
        },
      ]),
    );
    expect(await proposed()).toEqual(['+    resources: { memory: 64m }', '+    restart: always']);
    const { path } = job.repository;
    expect(await git(path, 'log', '-1', '--format=%an: %s', 'drift/wandering')).toBe(
      'Kombinator: Describe wandering as it runs',
    );
    expect(await git(path, 'rev-parse', 'main')).toBe(main);
    expect(await restartOf()).toBe('always');
  });

  it('is not proposed again for the same', async () => {
    const before = await git(job.repository.path, 'rev-parse', 'drift/wandering');
    await job.stop('SIGTERM');
    await job.start();
    await job.reaches('wandering', 'drifted');
    expect((await job.runRemote('drift', 'wandering')).stdout).toContain(
      'restart.policy\t"unless-stopped"\t"always"',
    );
    expect(await git(job.repository.path, 'rev-parse', 'drift/wandering')).toBe(before);
  });

  it('is over, and nothing is made anew, when the proposal is merged', async () => {
    const id = await docker('inspect', '--format', '{{ .Id }}', 'wandering-web-1');
    await git(job.clone, 'fetch', '--quiet', 'origin', 'main', 'drift/wandering');
    await git(job.clone, 'reset', '--quiet', '--hard', 'origin/drift/wandering');
    await git(job.clone, 'push', '--quiet', 'origin', 'HEAD:main');
    await job.reaches('wandering', 'in_sync');
    await eventually(drift, ({ has_drift }) => has_drift === false, PATIENCE_MS);
    expect(await docker('inspect', '--format', '{{ .Id }}', 'wandering-web-1')).toBe(id);
    expect(await restartOf()).toBe('always');
  });
});

describe('drift resolved on request', () => {
  it('is repaired with apply_desired', async () => {
    // A merged proposal is a deployment once somebody applied it.
    await docker('update', '--restart', 'no', 'wandering-web-1');
    await eventually(drift, ({ has_drift }) => has_drift === true, PATIENCE_MS);
    const { body } = await job.api('POST', '/stacks/wandering/drift/resolve', {
      body: { action: 'apply_desired' },
    });
    expect(body).toMatchObject({ action: 'apply_desired', commit: null, unplaced: [] });
    await job.job('wandering', ({ id }) => id === body.job_id);
    expect(await restartOf()).toBe('always');
  });

  it('is committed on the branch with accept_actual', async () => {
    await docker('update', '--restart', 'no', 'wandering-web-1');
    await eventually(drift, ({ has_drift }) => has_drift === true, PATIENCE_MS);
    const accepted = await job.runRemote('drift', 'wandering', '--accept', '--yes');
    expect(accepted).toMatchObject({ code: 0 });
    await job.reaches('wandering', 'in_sync');
    const file = await git(job.repository.path, 'show', 'main:kombinations/wandering/kombination.yaml');
    expect(file).toContain('restart: no');
    expect(file).toContain('policy: { drift: propose }   # ask first');
    expect(await restartOf()).toBe('no');
    expect(
      (await job.api('POST', '/stacks/wandering/drift/resolve', { body: { action: 'accept_actual' } }))
        .status,
    ).toBe(400);
  });
});
