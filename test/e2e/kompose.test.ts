import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import type { EngineView, Json, MainJob } from '../support/main-job.ts';
import { createEngineView, createMainJob, IMAGE, webStack } from '../support/main-job.ts';

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
    job = await createMainJob(inject('dockerHost'));
    engine = createEngineView(inject('dockerHost'));
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

  it('prints logs and status, and comes back when a commit changes it', async () => {
    const logs = await eventually(
      () => kompose('GET', '/stacks/halt/logs?service=calm'),
      ({ body }) => body.data.logs !== '',
    );
    expect(logs.body.data.logs).toBe('calm  | calm is here\ncalm  | calm is here\n');
    expect((await kompose('GET', '/stacks/halt')).body.data.output).toContain('Stack halt: in_sync\nSERVICE');
    expect((await kompose('POST', '/stacks/halt/stop')).status).toBe(200);

    await job.push(webStack('halt', 'two', { more: CALM }), 'Change halt');

    await job.reaches('halt', 'in_sync');
    expect(await states()).toEqual(['running', 'running']);
  });
});
