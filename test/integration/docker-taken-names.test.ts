import { expect, it } from 'vitest';
import { diffResource } from '../../reconciler/plan/diff-resource.ts';
import type { DesiredResource } from '../../reconciler/model/resource.ts';
import { engineJson } from '../support/docker/docker-engine.ts';
import { freePort } from '../support/free-port.ts';
import { changeOf, contextFor } from '../support/docker/docker-resources.ts';
import { freshStack } from '../support/docker/docker-stack.ts';
import { eventually } from '../support/eventually.ts';
import { useDockerTarget } from '../support/docker/use-target.ts';
import { workerEngine } from '../support/docker/worker-engine.ts';

const IMAGE = 'kombinator-taken:1';
const host = workerEngine();
const path = host.replace('unix://', '');

const target = useDockerTarget(host, IMAGE);

it('tells which Compose project has the names that a stack needs, and takes over a volume as external', async () => {
  const { stack, make, service, apply, observe } = freshStack(target, IMAGE);
  const Labels = { 'com.docker.compose.project': 'legacy', 'com.docker.compose.service': 'web' };
  const web = service('web');
  const front = make.network('front');
  const data = make.volume('data');
  await engineJson(path, 'POST', `/containers/create?name=${stack}-web-1`, { Image: IMAGE, Labels });
  await engineJson(path, 'POST', '/networks/create', { Name: `${stack}_front`, Labels });
  await engineJson(path, 'POST', '/volumes/create', { Name: `${stack}_data`, Labels });
  const all: readonly DesiredResource[] = [web, front, data];
  for (const desired of all) {
    expect((await observe(desired))?.dryRun?.refused).toContain(
      'belongs to the Compose project legacy (service web)',
    );
    await expect(apply('create', desired)).rejects.toMatchObject({
      code: 'NAME_TAKEN',
      retryable: false,
      message: expect.stringMatching(/the Compose project legacy \(service web\): .*by hand/) as string,
    });
  }
  const external = make.volume('data', { external: true });
  expect((await observe(external))?.health.status).toBe('healthy');
  await apply('create', external);
  // A name that only begins like one that is wanted is in nobody's way.
  expect(await observe(make.volume('dat'))).toBeUndefined();
});

it('sees that a container was renamed, and gives it its name back while it runs', async () => {
  const { stack, service, apply, observe, settled } = freshStack(target, IMAGE);
  const web = service('web');
  await apply('create', web);
  await settled(web);
  const before = await observe(web);
  await engineJson(path, 'POST', `/containers/${stack}-web-1/rename?name=${stack}-bar`);
  const renamed = await observe(web);
  expect(diffResource(web, renamed)).toMatchObject({
    action: 'update',
    cause: `somebody has renamed it to ${stack}-bar`,
  });
  expect(renamed?.fingerprint).not.toBe(before?.fingerprint);
  await apply('update', web);
  const after = await observe(web);
  expect(diffResource(web, after).action).toBe('no-op');
  expect(after?.detail).toEqual(before?.detail);
  expect(after?.fingerprint).toBe(before?.fingerprint);
});

it.each([
  { kind: 'network', path: '/networks/create', body: (name: string) => ({ Name: name }) },
  { kind: 'volume', path: '/volumes/create', body: (name: string) => ({ Name: name }) },
] as const)(
  'tells the stack that waits for a $kind of somebody else when it is made',
  async ({ kind, path: create, body }) => {
    const { stack, make, observe } = freshStack(target, IMAGE);
    const external = make[kind]('theirs', { external: true, name: `${stack}-theirs` });
    const stop = new AbortController();
    const told = Promise.withResolvers<boolean | undefined>();
    const watching = target.watch((name, awaited) => {
      if (name === stack) told.resolve(awaited);
    }, stop.signal);
    expect((await observe(external))?.health.status).toBe('missing');
    await engineJson(path, 'POST', create, body(`${stack}-theirs`));
    expect(await told.promise).toBe(true);
    expect((await observe(external))?.health.status).toBe('healthy');
    stop.abort();
    await watching;
  },
);

it('tells the stack whose name somebody had that it is free', async () => {
  const { stack, service, observe } = freshStack(target, IMAGE);
  await engineJson(path, 'POST', `/containers/create?name=${stack}-web-1`, { Image: IMAGE });
  const stop = new AbortController();
  const told = Promise.withResolvers<boolean | undefined>();
  const watching = target.watch((name, awaited) => {
    if (name === stack) told.resolve(awaited);
  }, stop.signal);
  expect((await observe(service('web')))?.dryRun?.refused).toContain('was made by somebody else');
  await engineJson(path, 'DELETE', `/containers/${stack}-web-1`);
  expect(await told.promise).toBe(true);
  stop.abort();
  await watching;
});

it('waits for a port that another stack is about to give up, so that two stacks can swap theirs', async () => {
  const stacks = [freshStack(target, IMAGE), freshStack(target, IMAGE)] as const;
  const published = [await freePort(), await freePort()] as const;
  const web = (index: 0 | 1, port: number) =>
    stacks[index].service('web', { ports: [{ containerPort: 80, protocol: 'tcp', hostPort: port }] });
  const before = [web(0, published[0]), web(1, published[1])] as const;
  const after = [web(0, published[1]), web(1, published[0])] as const;
  for (const index of [0, 1] as const) await stacks[index].apply('create', before[index]);
  const context = contextFor(stacks[0].stack);

  const first = target.apply(changeOf('replace', after[0]), context);
  await eventually(
    () => context.messages,
    (messages) => messages.some((message) => message.startsWith('waiting: ')),
  );
  await target.apply(changeOf('replace', after[1]), contextFor(stacks[1].stack));
  await first;

  for (const index of [0, 1] as const) {
    await target.settle(changeOf('replace', after[index]), 'keep', contextFor(stacks[index].stack));
    expect(diffResource(after[index], await stacks[index].observe(after[index])).action).toBe('no-op');
    await stacks[index].apply('delete', after[index]);
  }
});

// A swap of names after a replace that was cut short was held for good.
it('lets a service have a name whose replacement another one has left over', async () => {
  const { stack, service, apply } = freshStack(target, IMAGE);
  const [first, second] = ['one', 'two'].map((name) => `${stack}-${name}`);
  const named = (web: string, name = '', env: Record<string, string> = {}) => service(web, { name, env });
  await apply('create', named('web', first));
  await apply('create', named('api', second));
  // Cut short: its replacement was made, and nobody has settled it.
  await apply('replace', named('web', first, { VERSION: '2' }));
  await apply('replace', named('api', first));
  expect(await namesOf(stack)).toEqual([
    `/${first}`,
    `/${first}.next`,
    expect.stringMatching(new RegExp(`^/${second}\\.prev-[0-9a-f]{12}$`)),
  ]);
});

// The second one could not step aside, and its service was not changed.
it('has two containers aside that gave up the same name one after the other', async () => {
  const { stack, service, apply } = freshStack(target, IMAGE);
  const [first, second, third] = ['one', 'two', 'three'].map((name) => `${stack}-${name}`);
  const named = (web: string, name = '') => service(web, { name });
  const settle = (desired: ReturnType<typeof named>) =>
    target.settle(changeOf('replace', desired), 'keep', contextFor(stack));
  await apply('create', named('web', first));
  await apply('create', named('api', second));
  // Cut short: nobody has settled it yet.
  await apply('replace', named('web', third));
  await apply('replace', named('api', first));
  await settle(named('api', first));
  await apply('replace', named('api', second));
  await settle(named('api', second));
  await settle(named('web', third));
  expect(await namesOf(stack)).toEqual([`/${third}`, `/${second}`]);
});

// It stayed down, and without its name, when the next push had to wait.
it('tells of a container that has only made room, and has it run again under its name', async () => {
  const { stack, service, apply, observe, settled } = freshStack(target, IMAGE);
  const web = service('web');
  await apply('create', web);
  await settled(web);
  const before = await observe(web);
  const change = changeOf('replace', service('web', { env: { VERSION: '2' } }), before?.objectId);
  await target.release(change, 'stop', contextFor(stack));
  const aside = await observe(web);
  expect(aside).toMatchObject({ objectId: before?.objectId, interrupted: true, replacing: true });
  await target.settle(changeOf('replace', web, before?.objectId), 'revert', contextFor(stack));
  const after = await observe(web);
  expect(diffResource(web, after).action).toBe('no-op');
  expect(after).toMatchObject({ objectId: before?.objectId, interrupted: false });
  expect(await namesOf(stack)).toEqual([`/${stack}-web-1`]);
});

async function namesOf(stack: string): Promise<readonly string[]> {
  const all = await engineJson<{ Names: string[] }[]>(path, 'GET', '/containers/json?all=1');
  const names = all.flatMap(({ Names }) => Names);
  return names.filter((name) => name.startsWith(`/${stack}-`)).sort();
}
