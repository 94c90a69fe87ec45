import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RemoteEvent } from '../../../api/cli/remote/client.ts';
import { readEvents } from '../../../api/cli/remote/client.ts';
import { createRemoteSession } from '../../../api/cli/remote/remote-session.ts';
import type { Role } from '../../../reconciler/index.ts';
import { KEYS } from '../../support/api/api-server.ts';
import type { WorkflowServer } from '../../support/api/workflow-server.ts';
import { startWorkflowServer } from '../../support/api/workflow-server.ts';
import { buildOptions, HUB, HUB_PASSWORD, SETTINGS, WORKFLOW } from '../../support/builds/builds-rig.ts';
import { eventually } from '../../support/eventually.ts';
import type { FakeRepositories } from '../../support/fakes/fake-repositories.ts';
import { FAKE_COMMIT } from '../../support/fakes/fake-repositories.ts';
import { MEMORY_DIGEST } from '../../support/memory/memory-builds.ts';

const ASKED = { repoUrl: 'https://git.example.org/app', registryId: HUB, imageName: 'team/app' };
const SHOP = '65f000000000000000000001';
const NONE = '0'.repeat(24);

interface Build {
  readonly id: string;
  readonly status: string;
}

let platform: WorkflowServer;
let repositories: FakeRepositories;
beforeEach(async () => {
  const given = buildOptions();
  ({ repositories } = given);
  platform = await startWorkflowServer({}, given.options);
  await platform.push({ 'kombinator.yaml': SETTINGS, 'workflows/shop.yaml': WORKFLOW });
});
afterEach(() => platform[Symbol.asyncDispose]());

async function start(more: object = {}): Promise<string> {
  const { status, body } = await platform.ask('POST', '/builds/start', { ...ASKED, ...more });
  expect([status, body['message']]).toEqual([201, 'Build started successfully']);
  return (body['build'] as Build).id;
}

async function stream(id: string, onOpen = () => {}): Promise<readonly RemoteEvent[]> {
  const response = await platform.server.request(`/v1/api/builds/${id}/stream`, { role: 'deployer' });
  onOpen();
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const events: RemoteEvent[] = [];
  for await (const event of readEvents(response.body as unknown as AsyncIterable<Uint8Array>))
    events.push(event);
  return events;
}

async function all<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe('builds', () => {
  it('are started, followed and shown, without values of arguments', async () => {
    const gate = Promise.withResolvers<void>();
    platform.rig.engine().builds.play = () => gate.promise;
    const id = await start({
      workflowId: SHOP,
      buildArgs: { TOKEN: 'swordfish' },
      imageTag: '1.4',
      useNixpacks: false,
    });
    const events = await stream(id, gate.resolve);
    expect(events[0]).toMatchObject({
      event: 'metadata',
      data: { id, workflowId: SHOP, repoUrl: ASKED.repoUrl },
    });
    expect(events.find(({ event }) => event === 'log')?.data).toMatchObject({
      type: 'log',
      stream_key: `build:${id}`,
      event_type: 'log',
      timestamp: expect.stringMatching(/^\d{4}-/) as string,
      data: { stage: 'cloning', level: 'info', message: 'cloning https://git.example.org/app' },
    });
    expect(events.at(-1)).toMatchObject({
      event: 'complete',
      data: { data: { final_image_ref: 'hub.example.org/team/app:1.4', image_digest: MEMORY_DIGEST } },
    });
    const shown = await platform.ask('GET', `/builds/${id}`);
    expect(shown).toMatchObject({
      status: 200,
      body: {
        build: {
          id,
          workflowId: SHOP,
          userId: expect.stringMatching(/^[0-9a-f]{24}$/) as string,
          branch: 'main',
          commitSha: FAKE_COMMIT,
          buildContext: '.',
          dockerfile: 'Dockerfile',
          buildArgs: { TOKEN: '***' },
          useNixpacks: false,
          registryId: HUB,
          imageName: 'team/app',
          imageTag: '1.4',
          status: 'completed',
          currentStage: 'Completed',
          progress: 100,
          finalImageRef: 'hub.example.org/team/app:1.4',
          imageDigest: MEMORY_DIGEST,
          imageSize: 1_234,
          duration: expect.any(Number) as number,
        },
      },
    });
    expect((await stream(id)).at(-1)).toMatchObject({
      event: 'complete',
      data: { status: 'completed', image_digest: MEMORY_DIGEST },
    });
    expect(JSON.stringify([events, shown])).not.toMatch(new RegExp(`swordfish|${HUB_PASSWORD}`));
    expect(await platform.read('workflows/shop.yaml')).toContain(
      `hub.example.org/team/app:1.4@${MEMORY_DIGEST}`,
    );
  });

  it('are listed by whoever asked for them, the newest first, in pages', async () => {
    const ids = [];
    for (const imageTag of ['a', 'b', 'c']) ids.unshift(await start({ imageTag }));
    const list = async (query = '', role: Role = 'deployer') => {
      const { body } = await platform.ask('GET', `/builds${query}`, undefined, role);
      return { ...body, builds: (body['builds'] as readonly Build[]).map(({ id }) => id) };
    };
    expect(await list()).toEqual({ builds: ids, total: 3, limit: 20, offset: 0 });
    expect(await list('?limit=1&offset=1')).toEqual({ builds: [ids[1]], total: 3, limit: 1, offset: 1 });
    expect(await list('?limit=2&page=2')).toEqual({ builds: [ids[2]], total: 3, limit: 2, offset: 2 });
    expect(await list('?order=asc&limit=1')).toMatchObject({ builds: [ids[2]] });
    expect(await list('?search=nothing')).toMatchObject({ builds: [], total: 0 });
    expect(await list('', 'viewer')).toMatchObject({ builds: [], total: 0 });
    expect(await list('', 'admin')).toMatchObject({ builds: [], total: 0 });
  });

  it('are their caller’s alone, and an admin’s', async () => {
    const id = await start();
    expect((await platform.ask('GET', `/builds/${id}`, undefined, 'viewer')).status).toBe(404);
    expect((await platform.ask('GET', `/builds/${id}/stream`, undefined, 'viewer')).status).toBe(404);
    expect((await platform.ask('POST', `/builds/${id}/cancel`, undefined, 'viewer')).status).toBe(403);
    expect((await platform.ask('GET', `/builds/${id}`, undefined, 'admin')).status).toBe(200);
  });

  it('that fail say at which stage, to those who come late as well', async () => {
    const id = await start({ dockerfile: 'Dockerfile.dev' });
    const failed = {
      event: 'failed',
      data: {
        data: { error_stage: 'dockerfile', error_message: 'there is no Dockerfile.dev in the repository' },
      },
    };
    expect((await stream(id)).at(-1)).toMatchObject(failed);
    expect((await stream(id)).at(-1)).toMatchObject(failed);
    expect((await platform.ask('GET', `/builds/${id}`)).body).toMatchObject({
      build: {
        status: 'failed',
        errorStage: 'dockerfile',
        errorMessage: expect.stringContaining('Dockerfile.dev') as string,
      },
    });
  });

  it('are called off', async () => {
    repositories.hang();
    const id = await start();
    const following = stream(id);
    await eventually(
      async () => (await platform.ask('GET', `/builds/${id}`)).body['build'] as Build,
      ({ status }) => status === 'cloning',
    );
    expect(await platform.ask('POST', `/builds/${id}/cancel`)).toEqual({
      status: 200,
      body: { message: 'Build cancelled successfully' },
    });
    expect((await following).at(-1)).toMatchObject({ event: 'cancelled', data: { data: {} } });
    expect(await platform.ask('POST', `/builds/${id}/cancel`)).toEqual({
      status: 400,
      body: { error: 'build is already in terminal state: cancelled' },
    });
    expect((await platform.ask('GET', `/builds/${id}`)).body).toMatchObject({
      build: { currentStage: 'Cancelled by user' },
    });
  });

  it.each([
    ['POST /builds/start', { ...ASKED, repoUrl: '' }, 400, 'Invalid request: repoUrl is required'],
    ['POST /builds/start', { ...ASKED, registryId: '' }, 400, 'Invalid request: registryId is required'],
    ['POST /builds/start', { ...ASKED, registryId: 'x' }, 400, 'Invalid registry ID'],
    [
      'POST /builds/start',
      { ...ASKED, registryId: NONE },
      404,
      `Failed to start build: registry not found: ${NONE}`,
    ],
    ['POST /builds/start', { ...ASKED, workflowId: 'x' }, 400, 'Invalid workflow ID'],
    ['POST /builds/start', { ...ASKED, workflowId: NONE }, 404, 'Workflow not found'],
    ['POST /builds/start', { ...ASKED, imageName: 'Team' }, 400, /^Invalid request: "Team" cannot be/],
    ['POST /builds/start', { ...ASKED, repoUrl: 'file:///etc' }, 400, /^Invalid request: /],
    ['POST /builds/start', { ...ASKED, buildArgs: { A: 1 } }, 400, 'Invalid request data'],
    ['GET /builds/x', undefined, 400, 'Invalid build ID'],
    [`GET /builds/${NONE}`, undefined, 404, 'Build not found'],
    [`GET /builds/${NONE}/stream`, undefined, 404, 'Build not found'],
    [`POST /builds/${NONE}/cancel`, undefined, 404, 'build not found'],
    ['GET /builds?limit=101', undefined, 400, /./],
  ])('%s with %j is %i', async (call, body, status, error) => {
    const [method = '', path = ''] = call.split(' ');
    const answer = await platform.ask(method, path, body);
    expect(answer.status).toBe(status);
    if (typeof error === 'string') expect(answer.body).toMatchObject({ error });
    else expect(answer.body['error']).toMatch(error);
  });

  it('are asked for by kombinator build --server, with names in place of ids', async () => {
    const session = createRemoteSession({ url: platform.server.url, apiKey: KEYS.deployer });
    const signal = AbortSignal.timeout(20_000);
    const asked = {
      repository: ASKED.repoUrl,
      registry: 'hub.example.org',
      imageName: 'team/app',
      stack: 'shop',
    };
    const id = await session.startBuild({ ...asked, args: { TOKEN: 'swordfish' } }, signal);
    const news = await all(session.followBuild(id, signal));
    expect(news.at(-1)).toMatchObject({ type: 'end', status: 'completed', error: '' });
    expect((await platform.ask('GET', `/builds/${id}`)).body).toMatchObject({ build: { workflowId: SHOP } });

    repositories.hang();
    const second = await session.startBuild(asked, signal);
    const following = all(session.followBuild(second, signal));
    await session.cancelBuild(second, signal);
    expect((await following).at(-1)).toMatchObject({ type: 'end', status: 'cancelled' });

    const refused = (more: object) => session.startBuild({ ...asked, ...more }, signal);
    await expect(refused({ registry: 'other' })).rejects.toThrow(
      'there is no registry other; there are: hub.example.org',
    );
    await expect(refused({ stack: 'other' })).rejects.toThrow('there is no workflow other');
    await expect(refused({ imageName: 'Team' })).rejects.toThrow('Invalid request: "Team" cannot be');
  });

  it('are not started by viewers', async () => {
    expect((await platform.ask('POST', '/builds/start', ASKED, 'viewer')).status).toBe(403);
  });
});
