import { performance } from 'node:perf_hooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ComposeCommand } from '../support/compose/compose.ts';
import { findCompose } from '../support/compose/compose.ts';
import { freePort } from '../support/free-port.ts';
import { eventually } from '../support/eventually.ts';
import { git } from '../support/git/git-repo.ts';
import type { Json, MainJob } from '../support/main-job.ts';
import {
  awaitPage,
  createEngineView,
  createMainJob,
  lines,
  PATIENCE_MS,
  readPage,
  runOnEngine,
  webStack,
} from '../support/main-job.ts';
import { workerEngine } from '../support/docker/worker-engine.ts';

/* The way from `git push` to running containers, a tag and an answer, with nothing replaced by a double. */

const dockerHost = workerEngine();
const engine = createEngineView(dockerHost);
let job: MainJob;
let port: number;

beforeAll(async () => {
  job = await createMainJob(dockerHost);
  port = await freePort();
});
afterAll(() => job?.[Symbol.asyncDispose]());

describe('a push', () => {
  it('is planned and applied: the service answers, and the job and the tag say so', async () => {
    const commit = await job.push(webStack('shop', 'first', { port }), 'Open the shop');

    const view = await job.reaches('shop', 'in_sync');

    expect(await awaitPage(port, 'first')).toBe('first');
    expect(view).toMatchObject({ status: 'active', services: [{ name: 'web', status: 'healthy' }] });
    expect(view.deployment).toMatchObject({ number: 1, tag: 'deploy/shop/1', revision: commit });
    const deployed = await job.job('shop', ({ tag }) => tag === 'deploy/shop/1');
    expect(deployed).toMatchObject({ status: 'completed', trigger: 'push', revision: commit, progress: 100 });
  });

  it('of a new page changes the answer, and is timed', async () => {
    const before = (await job.jobs('shop')).length;
    const start = performance.now();
    const pushed = job.push(webStack('shop', 'second', { port }), 'Change the page');
    const pushedAfter = pushed.then(() => performance.now());
    const planned = eventually(
      async () => ((await job.jobs('shop')).length > before ? performance.now() : 0),
      (time) => time > 0,
      PATIENCE_MS,
    );
    const answered = eventually(
      async () => ((await readPage(port)) === 'second' ? performance.now() : 0),
      (time) => time > 0,
      PATIENCE_MS,
    );
    const [commit, pushTime, jobTime, answerTime] = await Promise.all([
      pushed,
      pushedAfter,
      planned,
      answered,
    ]);
    const since = (time: number) => `${Math.round(time - pushTime)} ms`;
    console.log(
      `after git push (${Math.round(pushTime - start)} ms with its commit): job ${since(jobTime)} (wanted 1000 ms), new answer ${since(answerTime)} (wanted 5000 ms)`,
    );

    expect(jobTime).toBeGreaterThan(0);
    expect(answerTime).toBeGreaterThan(0);
    await job.reaches('shop', 'in_sync');
    expect((await job.job('shop', ({ revision }) => revision === commit)).summary).toMatchObject({
      replace: 1,
    });
  });

  it('leaves an annotated tag on the pushed commit, with the plan and the job', async () => {
    const commit = await git(job.repository.path, 'rev-parse', 'main');
    const deployed = await job.job('shop', ({ tag }) => tag === 'deploy/shop/2');

    expect(await git(job.repository.path, 'cat-file', '-t', 'deploy/shop/2')).toBe('tag');
    expect(await git(job.repository.path, 'rev-parse', 'deploy/shop/2^{commit}')).toBe(commit);
    const message = await git(job.repository.path, 'tag', '--list', '--format=%(contents)', 'deploy/shop/2');
    expect(message).toMatch(/^Plan: 0 to create, .*1 to replace/m);
    expect(message).toContain(`Job: ${deployed.id}`);
  });

  it('of something else leaves the stack and its tags alone', async () => {
    const id = await engine.id('shop-web-1');
    const commit = await job.push({ 'README.md': 'Notes.\n' }, 'Write a note');

    const status = async () => (await job.api('GET', '/repository')).body;
    await eventually(status, ({ revision }) => revision?.commit === commit);
    await job.reaches('shop', 'in_sync');

    expect(await engine.id('shop-web-1')).toBe(id);
    expect(await job.tags('shop')).toEqual(['deploy/shop/1', 'deploy/shop/2']);
  });
});

describe('an unchanged Docker', () => {
  let compose: ComposeCommand;
  const run = (...args: string[]) =>
    runOnEngine(dockerHost, compose.program, [...compose.args, ...args]).then((text): Json =>
      JSON.parse(text),
    );

  beforeAll(async () => {
    const found = await findCompose();
    if (found === undefined) throw new Error('no docker-compose: `npm test` prepares one');
    compose = found;
  });

  it('shows the stack in docker-compose ls', async () => {
    expect(await run('ls', '--format', 'json')).toContainEqual(
      expect.objectContaining({ Name: 'shop', Status: 'running(1)' }),
    );
  });

  it('shows its services in docker-compose ps, and their logs', async () => {
    const shown = await runOnEngine(dockerHost, compose.program, [
      ...compose.args,
      '-p',
      'shop',
      'ps',
      '--format',
      'json',
    ]);
    expect(lines(shown).map((line) => JSON.parse(line))).toMatchObject([
      { Name: 'shop-web-1', Project: 'shop', Service: 'web', State: 'running', Health: 'healthy' },
    ]);
    const services = [...compose.args, '-p', 'shop', 'ps', '--services', '--status', 'running'];
    expect(await runOnEngine(dockerHost, compose.program, services)).toBe('web\n');
  });

  it('finds its containers by the label of the project', async () => {
    const filter = 'label=com.docker.compose.project=shop';
    const shown = await runOnEngine(dockerHost, 'docker', [
      'ps',
      '--filter',
      filter,
      '--format',
      '{{.Names}}',
    ]);
    expect(shown).toBe('shop-web-1\n');
  });
});

describe('the command', () => {
  it('exits with 0 when there is nothing to do, 2 when there is, 1 when it cannot be planned', async () => {
    expect(await job.run('plan', '--stack', 'shop', '--detailed-exitcode')).toMatchObject({ code: 0 });

    await job.stop('SIGTERM');
    await job.push(webStack('shop', 'third', { port }), 'While nobody looks');
    const waiting = await job.run('plan', '--stack', 'shop', '--detailed-exitcode');
    expect(waiting).toMatchObject({ code: 2, stderr: '' });
    expect(waiting.stdout).toContain('replace local/container/web');
    const [first, second] = [await job.run('plan', '--json'), await job.run('plan', '--json')];
    expect(second.stdout).toBe(first.stdout);
    expect(JSON.parse(first.stdout)).toMatchObject({ changes: true });

    await job.push({ 'kombinations/broken/kombination.yaml': 'version: "1.0"\nservces: {}\n' }, 'A slip');
    const broken = await job.run('plan', '--detailed-exitcode');
    expect(broken.code).toBe(1);
    expect(broken.stdout + broken.stderr).toMatch(
      /kombinations\/broken\/kombination\.yaml:2:1.*servces.*services/,
    );
    await job.push({ 'kombinations/broken': null }, 'Take it back');
  });

  it('starts again, converges, and a second apply does nothing and leaves no tag', async () => {
    await job.start();
    await job.reaches('shop', 'in_sync');
    const tags = await job.tags('shop');
    const id = await engine.id('shop-web-1');

    expect(await awaitPage(port, 'third')).toBe('third');
    expect(await job.runRemote('apply', '--stack', 'shop', '--yes')).toMatchObject({
      code: 0,
      stdout: '✓ shop: nothing to do\n',
    });
    expect(await job.api('POST', '/stacks/shop/apply?wait=true')).toMatchObject({
      status: 200,
      body: { status: 'completed', tag: null },
    });
    expect(await job.tags('shop')).toEqual(tags);
    expect(await engine.id('shop-web-1')).toBe(id);
  });

  it('asks a running daemon with --server', async () => {
    expect((await job.runRemote('status')).stdout).toMatch(/^shop\tin_sync\t1\/1\t/);
    expect(await job.runRemote('plan', '--detailed-exitcode')).toMatchObject({ code: 0 });
    expect((await job.runRemote('history', 'shop')).stdout).toContain('deploy/shop/1');
    const [first, second] = [await job.runRemote('plan', '--json'), await job.runRemote('plan', '--json')];
    expect(second.stdout).toBe(first.stdout);
  });
});

describe('bad input', () => {
  it('stops nothing but the stack that it is in', async () => {
    await job.push(
      {
        ...webStack('shop', 'fourth', { port }),
        'kombinations/torn/kombination.yaml': 'version: "1.0"\nservices: {web: [\n',
        'kombinations/one/kombination.yaml': 'version: "1.0"\nmeta: {name: twin}\nservices: {}\n',
        'kombinations/two/kombination.yaml': 'version: "1.0"\nmeta: {name: twin}\nservices: {}\n',
      },
      'Good and bad',
    );

    const page = await awaitPage(port, 'fourth');
    const { diagnostics } = (await job.api('GET', '/repository')).body;

    expect(page).toBe('fourth');
    await job.reaches('shop', 'in_sync');
    expect(diagnostics).toContainEqual(
      expect.objectContaining({ severity: 'error', file: 'kombinations/torn/kombination.yaml' }),
    );
    expect(diagnostics).toContainEqual(
      expect.objectContaining({ severity: 'error', message: expect.stringMatching(/twin/) }),
    );
  });

  it('is reported with file and line by validate', async () => {
    const { code, stdout } = await job.runRemote('validate');
    expect(code).toBe(1);
    expect(stdout).toMatch(/kombinations\/torn\/kombination\.yaml:\d+:\d+: error/);
    await job.push(
      { 'kombinations/torn': null, 'kombinations/one': null, 'kombinations/two': null },
      'Clean up',
    );
  });
});

describe('a stack that leaves the repository', () => {
  it('is removed from the engine', async () => {
    await job.push({ ...webStack('kiosk', 'small'), 'kombinations/shop': null }, 'Open a kiosk instead');

    const left = await eventually(
      () => engine.containers('shop'),
      (names) => names.length === 0,
    );

    expect(left).toEqual([]);
    await job.reaches('kiosk', 'in_sync');
    const stacks = await eventually(
      async (): Promise<readonly Json[]> => (await job.api('GET', '/stacks')).body.stacks,
      (all) => all.length === 1,
    );
    expect(stacks).toMatchObject([{ id: 'kiosk' }]);
  });
});
