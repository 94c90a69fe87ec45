import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineJson } from '../../support/docker/docker-engine.ts';
import { workerEngine } from '../../support/docker/worker-engine.ts';
import { eventually } from '../../support/eventually.ts';
import type { TestRepository } from '../../support/git/git-repo.ts';
import { commitFiles, createBareRepo } from '../../support/git/git-repo.ts';
import { createGiteaDialect } from '../../support/hosts/gitea-double.ts';
import type { HostDouble } from '../../support/hosts/host-double.ts';
import { startHostDouble } from '../../support/hosts/host-double.ts';
import { sendHook } from '../../support/hosts/send-hook.ts';
import type { Answer, Json, MainJob } from '../../support/main-job.ts';
import { createMainJob, IMAGE, PATIENCE_MS } from '../../support/main-job.ts';

/* One daemon with a repository of its own and two sources, on one real engine. */

const dockerHost = workerEngine();
const engineSocket = dockerHost.replace('unix://', '');
const HOOK_SECRET = 'kombinator-hook-secret-1234';

let root: string;
let shop: TestRepository;
let games: TestRepository;
let double: HostDouble;
let job: MainJob;

const service = (more = '') => `  app:
    image: ${IMAGE}
    pull_policy: never
    init: true
    stop_grace_period: 0s
    command: ["/bin/busybox", "sleep", "1000"]
${more}`;
const stack = (name: string, more = '') =>
  ({
    [`${name}/kombination.yaml`]: `version: "1.0"\nmeta: { name: ${name} }\nservices:\n${service(more)}`,
  }) as const;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'kombinator-sources-'));
  [shop, games] = await Promise.all([createBareRepo(), createBareRepo()]);
  double = await startHostDouble(createGiteaDialect('gitea'));
  await commitFiles(shop, stack('till'), 'A till');
  await commitFiles(games, { ...stack('chess'), ...stack('dice') }, 'Games');
  const { api, world } = double;
  const host = `{ kind: gitea, api: "${api}", repository: ${world.repository}, webhook: { secret: secret://file/hook } }`;
  await writeFile(join(root, 'games.yaml'), `git: { host: ${host} }\nremovals: { stacks: 0 }\n`);
  const operator = [
    'sources:',
    `  shop: { repo: ${shop.path} }`,
    `  games: { repo: ${games.path}, config: ${join(root, 'games.yaml')} }`,
    '',
  ].join('\n');
  const environment = {
    KOMBINATOR_SECRET_WORD: 'of the daemon',
    KOMBINATOR_SOURCE_SHOP__SECRET_WORD: 'of the shop',
  };
  job = await createMainJob(dockerHost, environment, operator);
  const secrets = join(job.stateDir, 'sources/games/secrets');
  await mkdir(secrets, { recursive: true });
  await writeFile(join(secrets, 'hook'), HOOK_SECRET, { mode: 0o600 });
  await job.push(stack('house'), 'A house');
});
afterAll(async () => {
  for (const [repository, names] of [
    [shop, ['till', 'secretive']],
    [games, ['chess', 'dice']],
  ] as const)
    for (const name of names) await job.run('destroy', '--repo', repository.path, '--stack', name, '--yes');
  await job[Symbol.asyncDispose]();
  await double[Symbol.asyncDispose]();
  await Promise.all([shop[Symbol.asyncDispose](), games[Symbol.asyncDispose]()]);
  await rm(root, { recursive: true, force: true });
});

async function ask(path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(job.url + path, { ...init, headers: { 'X-API-KEY': job.adminKey } });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  return { status: response.status, body: isJson ? JSON.parse(text) : text };
}

async function reaches(source: string, name: string, isRight: (view: Json) => boolean): Promise<Json> {
  const look = async () => (await ask(`/sources/${source}/api/v1/stacks/${name}`)).body;
  const found = await eventually(look, isRight, PATIENCE_MS);
  if (isRight(found)) return found;
  throw new Error(`${source}/${name} is ${JSON.stringify(found).slice(0, 500)}`);
}

const isInSync = ({ state }: Json) => state === 'in_sync';

async function running(name: string): Promise<number> {
  const filters = encodeURIComponent(JSON.stringify({ label: [`io.kombinator.stack=${name}`] }));
  const containers = (await engineJson<Json>(
    engineSocket,
    'GET',
    `/containers/json?filters=${filters}`,
  )) as Json[];
  return containers.length;
}

describe('several repositories in one daemon', () => {
  it('are each deployed, tagged in their own repository, and listed together', async () => {
    await job.reaches('house', 'in_sync');
    await reaches('shop', 'till', isInSync);
    await reaches('games', 'chess', isInSync);
    await reaches('games', 'dice', isInSync);
    const { body } = await ask('/api/v1/sources');
    expect(body.current).toBe('');
    expect(body.sources).toMatchObject([
      { name: '', path: '', stacks: 1, counts: { in_sync: 1 }, error: null },
      { name: 'shop', path: '/sources/shop', stacks: 1, counts: { in_sync: 1 }, error: null },
      { name: 'games', path: '/sources/games', stacks: 2, counts: { in_sync: 2 }, error: null },
    ]);
    expect((await ask('/sources/games/api/v1/sources')).body).toMatchObject({ current: 'games' });
    expect((await ask('/api/v1/health')).body).toMatchObject({
      status: 'healthy',
      checks: { sources: 'ok' },
    });
  });

  it('speak every dialect below their address, and the page is there', async () => {
    expect((await ask('/sources/shop/api/stacks')).body).toMatchObject({ data: [{ name: 'till' }] });
    expect((await ask('/sources/shop/v1/api/workflows')).body).toMatchObject({ workflows: [] });
    expect((await ask('/sources/shop/metrics')).body).toContain('kombinator_stack_info{stack="till"');
    expect((await ask('/sources/shop/api/v1/stacks/chess')).status).toBe(404);
    expect((await ask('/sources/nowhere/api/v1/stacks')).status).toBe(404);
    // Pods are the daemon's own.
    expect((await ask('/sources/shop/healthz')).status).toBe(404);
    const page = await fetch(`${job.url}/sources/shop/`, {
      headers: { Accept: 'text/html' },
      redirect: 'manual',
    });
    expect([page.status, page.headers.get('location')]).toEqual([302, '/sources/shop/ui/']);
    const refused = await fetch(`${job.url}/sources/shop/api/v1/stacks`);
    expect(refused.status).toBe(401);
  });

  it('take hooks under their names, which look at that repository only', async () => {
    const head = await commitFiles(games, stack('chess', '    environment: { LEVEL: hard }\n'), 'Harder');
    const event = { type: 'push', ref: 'refs/heads/main', after: head } as const;
    const hook = double.hook(event, { secret: HOOK_SECRET });
    expect((await sendHook(`${job.url}/api/hooks/shop`, hook)).status).toBe(404);
    expect((await sendHook(`${job.url}/api/hooks/games`, hook)).status).toBe(202);
    await reaches(
      'games',
      'chess',
      ({ state, deployment }: Json) => state === 'in_sync' && deployment?.revision === head,
    );
    const again = double.hook({ ...event, ref: 'refs/heads/other' }, { secret: HOOK_SECRET });
    expect((await sendHook(`${job.url}/sources/games/api/hooks/config`, again)).status).toBe(202);
    const { body } = await ask('/api/v1/audit?action=receiveHook');
    expect(body.entries.map(({ path }: Json) => path)).toContain('/sources/games/api/hooks/config');
  });

  it('do not take stacks of each other, whose names they share', async () => {
    await commitFiles(shop, stack('house', '    environment: { OF: goods }\n'), 'A house of goods');
    const view = await reaches(
      'shop',
      'house',
      ({ state }: Json) => state === 'blocked' || state === 'failed',
    );
    expect(view.message).toContain('another repository');
    await job.reaches('house', 'in_sync');
    expect(await running('house')).toBe(1);
    await commitFiles(shop, { 'house/kombination.yaml': null }, 'No house');
    const look = () => ask('/sources/shop/api/v1/stacks/house');
    const gone = await eventually(look, ({ status }) => status === 404, PATIENCE_MS);
    expect([gone.status, gone.body.message]).toEqual([404, undefined]);
    expect(await running('house')).toBe(1);
  });

  it('count the stacks that leave each for itself, by their own configuration', async () => {
    await commitFiles(games, { 'dice/kombination.yaml': null }, 'No dice');
    const view = await reaches('games', 'dice', ({ state }: Json) => state === 'blocked');
    expect(view.message).toContain('the operator lets none go at once');
    expect(await running('dice')).toBe(1);
  });

  it('have secrets of their own: nobody reads those of the daemon or of another', async () => {
    const secretive = (name: string) =>
      stack('secretive', `    environment: { WORD: "secret://env/${name}" }\n`);
    await commitFiles(shop, secretive('WORD'), 'A word');
    await reaches('shop', 'secretive', isInSync);
    const filters = encodeURIComponent(JSON.stringify({ label: ['io.kombinator.stack=secretive'] }));
    const [container] = (await engineJson<Json>(
      engineSocket,
      'GET',
      `/containers/json?filters=${filters}`,
    )) as Json[];
    const { Config } = await engineJson<Json>(engineSocket, 'GET', `/containers/${container.Id}/json`);
    expect(Config.Env).toContain('WORD=of the shop');
    await commitFiles(games, secretive('WORD'), 'A word of others');
    const view = await reaches('games', 'secretive', ({ state }: Json) => state === 'invalid');
    expect(JSON.stringify(view)).toContain('KOMBINATOR_SECRET_WORD');
    await commitFiles(games, { 'secretive/kombination.yaml': null }, 'No word');
  });

  it('are reached by the command, beside the daemon and through it', async () => {
    const remote = await job.runRemote('status', '--source', 'shop');
    expect(remote).toMatchObject({ code: 0 });
    expect(remote.stdout).toContain('till');
    const missing = await job.run('status', '--source', 'shops', '--state-dir', job.stateDir);
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain('names no such source');
    expect(missing.stderr).toContain('shop, games');
    const local = await job.run('status', '--source', 'games', '--state-dir', job.stateDir, '--json');
    expect(local.stdout).toContain('chess');
    const made = await job.run(
      'keys',
      'create',
      'ci',
      '--role',
      'viewer',
      '--source',
      'games',
      '--state-dir',
      job.stateDir,
    );
    expect(made.code).toBe(0);
    // Keys are the daemon's: this one is good everywhere.
    expect((await ask('/api/v1/keys')).body.keys.map(({ name }: Json) => name)).toContain('ci');
  });
});
