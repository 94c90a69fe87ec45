import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { git } from '../support/git/git-repo.ts';
import { eventually } from '../support/eventually.ts';
import type { EngineView, Json, MainJob } from '../support/main-job.ts';
import { createEngineView, createMainJob, IMAGE, webStack } from '../support/main-job.ts';
import { workerEngine } from '../support/docker/worker-engine.ts';

const CALM = `
  calm:
    image: ${IMAGE}
    init: true
    restart: "no"
    command: [sh, -c, "echo calm is here; trap 'exec true' TERM; sleep 1000 & wait"]
`;

describe('a stack that is stopped over the Kompose API', () => {
  let job: MainJob;
  let engine: EngineView;
  beforeAll(async () => {
    job = await createMainJob(workerEngine());
    engine = createEngineView(workerEngine());
    await job.push(webStack('halt', 'one', { more: CALM }), 'Describe halt');
    await job.reaches('halt', 'in_sync');
  });
  afterAll(() => job[Symbol.asyncDispose]());

  async function kompose(method: string, path: string): Promise<{ status: number; body: Json }> {
    const headers = { 'X-API-KEY': job.adminKey };
    const response = await fetch(`${job.url}/api${path}`, { method, headers });
    return { status: response.status, body: await response.json() };
  }

  const states = async () =>
    (await engine.containers('halt')).map((line) => line.split(' ').slice(1).join(' '));

  it('stays stopped through a kill of the daemon, and keeps its containers when it is started', async () => {
    const before = await Promise.all(
      (await engine.containers('halt')).map((line) => engine.id(line.split(' ')[0]!)),
    );

    const stopped = await kompose('POST', '/stacks/halt/stop');

    expect([stopped.status, stopped.body.message]).toEqual([200, 'Stack stopped successfully']);
    expect(stopped.body.data.state).toBe('stopped');
    expect(await states()).toEqual(['exited', 'exited']);
    await job.stop('SIGKILL');
    await job.start();
    await job.reaches('halt', 'stopped');
    await job.push({ 'README.md': 'about something else\n' }, 'Write about something else');
    await job.api('POST', '/sync?wait=true');
    await job.reaches('halt', 'stopped');
    expect(await states()).toEqual(['exited', 'exited']);

    const started = await kompose('POST', '/stacks/halt/start');

    expect([started.status, started.body.message]).toEqual([200, 'Stack started successfully']);
    expect(started.body.data.output).toMatch(/^Starting stack halt\nNAME +KIND +STATUS/);
    expect(await states()).toEqual(['running', 'running']);
    const after = await Promise.all(
      (await engine.containers('halt')).map((line) => engine.id(line.split(' ')[0]!)),
    );
    expect(after).toEqual(before);
    await job.reaches('halt', 'in_sync');
    expect(await job.tags('halt')).toEqual(['deploy/halt/1']);
  });

  it('is stopped and started by the command, too', async () => {
    const stopped = await job.runRemote('stop', 'halt');
    expect([stopped.code, stopped.stdout]).toEqual([0, expect.stringContaining('✓ halt stopped')]);
    expect(await states()).toEqual(['exited', 'exited']);
    expect((await job.runRemote('start', 'halt')).code).toBe(0);
    expect(await states()).toEqual(['running', 'running']);
  });

  it('destroys several stacks in one commit and in the order of their use', async () => {
    const low = webStack('low', 'low', { more: '\nvolumes: { data: {} }\n' });
    const high = webStack('high', 'high', { more: '\ndependsOn: [low]\n' });
    await job.push({ ...low, ...high }, 'Describe low and high');
    await job.reaches('high', 'in_sync');

    const argv = ['destroy', '--stack', 'low', '--stack', 'high', '--volumes', '--yes', '--json'];
    const { code, stdout, stderr } = await job.runRemote(...argv);

    expect([code, stderr]).toEqual([0, '']);
    const removal: Json = JSON.parse(stdout);
    expect(removal.stacks.map((one: Json) => [one.stack, one.error])).toEqual([
      ['high', null],
      ['low', null],
    ]);
    expect([await engine.containers('high'), await engine.containers('low')]).toEqual([[], []]);
    const log = await git(job.repository.path, 'log', '-2', '--format=%H %s', 'main');
    expect(log.split('\n')).toEqual([
      `${removal.commit} Delete stacks high, low`,
      expect.stringContaining('Describe low and high'),
    ]);
    await job.reaches('halt', 'in_sync');
  });

  it('prints logs and status, and comes back when a commit changes it', async () => {
    const logs = await eventually(
      () => kompose('GET', '/stacks/halt/logs?service=calm'),
      ({ body }) => body.data.logs !== '',
    );
    expect(logs.body.data.logs).toMatch(/^(calm {2}\| calm is here\n)+$/);
    expect((await kompose('GET', '/stacks/halt')).body.data.output).toContain('Stack halt: in_sync\nSERVICE');
    expect((await kompose('POST', '/stacks/halt/stop')).status).toBe(200);

    await job.push(webStack('halt', 'two', { more: CALM }), 'Change halt');

    await job.reaches('halt', 'in_sync');
    expect(await states()).toEqual(['running', 'running']);
  });
});
