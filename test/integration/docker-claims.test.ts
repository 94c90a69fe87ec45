import { expect, it } from 'vitest';
import { diffResource } from '../../reconciler/plan/diff-resource.ts';
import type { DesiredResource } from '../../reconciler/model/resource.ts';
import type { Claims } from '../../reconciler/ports/target.ts';
import { engineJson } from '../support/docker/docker-engine.ts';
import { changeOf, contextFor, resourcesOf } from '../support/docker/docker-resources.ts';
import { freshStack } from '../support/docker/docker-stack.ts';
import { useDockerTarget } from '../support/docker/use-target.ts';
import { workerEngine } from '../support/docker/worker-engine.ts';

/* Networks and volumes that were handed over keep the labels of the stack that made them. */

const IMAGE = 'kombinator-claims:1';
const host = workerEngine();
const path = host.replace('unix://', '');
const NEVER = new AbortController().signal;

const target = useDockerTarget(host, IMAGE);

const held = (holder: string | null, external = false): Claims => ({
  holderOf: async () => holder,
  isExternal: () => external,
});

async function look(stack: string, claims: Claims, ...desired: readonly DesiredResource[]) {
  const { resources } = await target.observe({ stack, desired, claims }, NEVER);
  return resources;
}

it('a volume comes to the stack that has it now when the containers from before are gone', async () => {
  const old = freshStack(target, IMAGE);
  const heir = freshStack(target, IMAGE);
  const name = `${old.stack}-data`;
  const data = old.make.volume('data', { name });
  const taken = heir.make.volume('files', { name });
  const db = old.service('db', { mounts: [{ type: 'volume', source: name, target: '/data' }] });
  await old.apply('create', data);
  await old.apply('create', db);

  const [waiting] = await look(heir.stack, held(heir.stack), taken);
  expect(waiting).toMatchObject({
    id: taken.id,
    health: { status: 'missing' },
    dryRun: {
      refused: `volume ${name} comes from the stack ${old.stack}, whose container ${old.stack}-db-1 still uses it`,
    },
  });
  expect(await look(old.stack, held(heir.stack), db)).toHaveLength(1);
  // One that says that it is another's goes on using it.
  expect((await look(heir.stack, held(heir.stack, true), taken))[0]?.madeBy).toBe(old.stack);

  await old.apply('delete', db);
  const [come] = await look(heir.stack, held(heir.stack), taken);
  expect(come).toMatchObject({ id: taken.id, madeBy: old.stack, guarded: true });
  expect(diffResource(taken, come).action).toBe('no-op');
  expect(await look(old.stack, held(heir.stack))).toEqual([]);
});

it('stays with the stack that uses it while nobody can tell whose it is', async () => {
  const old = freshStack(target, IMAGE);
  const heir = freshStack(target, IMAGE);
  const name = `${old.stack}-net`;
  const net = heir.make.network('front', { name });
  await old.apply('create', old.make.network('net', { name }));
  const refused = await look(heir.stack, held(null), net);
  expect(refused[0]?.dryRun?.refused).toContain(`belongs to the stack ${old.stack}`);

  const web = heir.service('web', { networks: { [name]: { aliases: [] } } });
  await heir.apply('create', web);
  const seen = (await look(heir.stack, held(null), net, web)).find(({ id }) => id === net.id);
  expect(seen).toMatchObject({ madeBy: old.stack, health: { status: 'healthy' } });
});

it('is changed and removed by the stack that has it, and by no other', async () => {
  const old = freshStack(target, IMAGE);
  const heir = freshStack(target, IMAGE);
  const name = `${old.stack}-net`;
  await old.apply('create', old.make.network('net', { name }));
  const net = heir.make.network('net', { name, internal: true });
  const [seen] = await look(heir.stack, held(heir.stack), net);
  expect(diffResource(net, seen).action).toBe('replace');
  const { change } = changeOf('replace', net, seen?.objectId);
  await expect(target.apply({ change, desired: net }, contextFor(heir.stack))).rejects.toMatchObject({
    code: 'NAME_TAKEN',
  });
  await target.apply({ change: { ...change, madeBy: old.stack }, desired: net }, contextFor(heir.stack));
  const [anew] = await look(heir.stack, held(heir.stack), net);
  expect(anew?.madeBy).toBeUndefined();
  expect(diffResource(net, anew).action).toBe('no-op');
  await heir.apply('delete', net);

  const volume = resourcesOf(heir.stack).volume('data', { name: `${old.stack}-data` });
  await old.apply('create', old.make.volume('data', { name: `${old.stack}-data` }));
  const removal = changeOf('delete', volume, `${old.stack}-data`);
  const named = { ...removal, change: { ...removal.change, madeBy: old.stack } };
  await target.apply(removal, contextFor(heir.stack));
  expect(await look(old.stack, held(old.stack))).toHaveLength(1);
  await target.apply(named, contextFor(heir.stack));
  expect(await look(old.stack, held(old.stack))).toEqual([]);
});

it('a network tells who else is on it when it is to go', async () => {
  const { stack, make, apply } = freshStack(target, IMAGE);
  const net = make.network('net');
  await apply('create', net);
  const { Id } = await engineJson<{ Id: string }>(path, 'POST', `/containers/create?name=${stack}-guest`, {
    Image: IMAGE,
    Cmd: ['sleep', '1000'],
    HostConfig: { NetworkMode: `${stack}_net` },
  });
  await engineJson(path, 'POST', `/containers/${Id}/start`);
  expect((await look(stack, held(stack), net))[0]?.heldBy).toBeUndefined();
  expect((await look(stack, held(stack)))[0]?.heldBy).toEqual([`${stack}-guest`]);
  await engineJson(path, 'DELETE', `/containers/${Id}?force=1`);
  expect((await look(stack, held(stack)))[0]?.heldBy).toBeUndefined();
  await apply('delete', net);
});
