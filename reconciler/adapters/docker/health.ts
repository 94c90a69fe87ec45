import type { ContainerInspectInfo } from 'dockerode';
import { asFields, asString } from '../../base/values.ts';
import type { Health, ResourceId } from '../../model/resource.ts';
import type { Adapter } from './adapter.ts';
import { appliedKey } from './adapter.ts';
import { readGroup } from './containers/container-group.ts';
import { readContainerHealth } from './containers/read-container-health.ts';
import { readJsonLines } from './images/pull-progress.ts';
import { readOwner } from './labels.ts';
import { maskLines, readLogTail } from './logs.ts';
import { maskOf } from './secrets/secret-texts.ts';

/** Health of the object that was applied last, else of the one that is there. Looks once, never waits. */
export async function readHealth(
  adapter: Adapter,
  stack: string,
  id: ResourceId,
  signal: AbortSignal,
): Promise<Health> {
  const [, kind = '', ...rest] = id.split('/');
  const name = rest.join('/');
  switch (kind) {
    case 'container':
      return containerHealth(adapter, { stack, id, name }, signal);
    case 'image':
      return presence(await adapter.engine.inspectImage(name, signal));
    case 'network':
      return presence(await findNetwork(adapter, stack, name, signal));
    default:
      return presence(await findVolume(adapter, stack, name, signal));
  }
}

interface Subject {
  readonly stack: string;
  readonly id: ResourceId;
  readonly name: string;
}

async function containerHealth(adapter: Adapter, subject: Subject, signal: AbortSignal): Promise<Health> {
  const { engine } = adapter;
  const inspect = await findContainer(adapter, subject, signal);
  if (inspect === null) return { status: 'missing' };
  const judged = await readContainerHealth(adapter, inspect, signal);
  const ended = hasRestarted(judged) ? await withEnding(adapter, inspect, judged, signal) : judged;
  const health = { ...ended, objectId: inspect.Id };
  const { reason } = health;
  if (reason === undefined) return health;
  const isBad = health.status === 'failed' || health.status === 'unhealthy' || hasRestarted(health);
  const lines = isBad ? await readLogTail(engine, inspect, signal) : [];
  const mask = await maskOf(adapter, subject, { inspect, what: 'message' }, signal);
  const tail = lines.length > 0 ? `; last output: ${maskLines(lines, mask).join(' | ')}` : '';
  return { ...health, reason: `${mask(reason)}${tail}` };
}

function hasRestarted({ run }: Health): boolean {
  return run !== undefined && run.restarts > 0;
}

/** Adds how the run before ended, which only the events tell: the container itself runs again. */
async function withEnding(
  { engine }: Adapter,
  inspect: ContainerInspectInfo,
  health: Health,
  signal: AbortSignal,
): Promise<Health> {
  if (health.reason !== undefined) return health;
  const filters = { type: ['container'], event: ['die'], container: [inspect.Id] };
  const [since, until] = [inspect.Created, inspect.State.StartedAt].map((time) => Date.parse(time) / 1_000);
  const range = { since: Math.floor(since ?? 0), until: Math.ceil(until ?? 0) };
  let code: string | undefined;
  for await (const event of readJsonLines(await engine.events(filters, signal, range)))
    code = asString(asFields(asFields(asFields(event)?.['Actor'])?.['Attributes'])?.['exitCode']) ?? code;
  if (code === undefined || health.run === undefined) return { ...health, reason: 'ended and was restarted' };
  return { ...health, reason: `exited with ${code}`, run: { ...health.run, exitCode: Number(code) } };
}

async function findContainer(adapter: Adapter, { stack, id, name }: Subject, signal: AbortSignal) {
  const applied = adapter.applied.get(appliedKey(stack, id));
  const known = applied === undefined ? null : await adapter.engine.inspectContainer(applied, signal);
  if (known !== null) return known;
  const { current, next, strays } = await readGroup(adapter.engine, stack, name, signal);
  const judged = next ?? current ?? strays[0];
  return judged ? adapter.engine.inspectContainer(judged.id, signal) : null;
}

async function findNetwork(adapter: Adapter, stack: string, name: string, signal: AbortSignal) {
  const owned = await adapter.engine.listNetworks(stack, signal);
  const found = owned.find(({ Labels }) => readOwner(Labels)?.name === name);
  return found ?? adapter.engine.inspectNetwork(name, signal);
}

async function findVolume(adapter: Adapter, stack: string, name: string, signal: AbortSignal) {
  const owned = await adapter.engine.listVolumes(stack, signal);
  const found = owned.find(({ Labels }) => readOwner(Labels)?.name === name);
  return found ?? adapter.engine.inspectVolume(name, signal);
}

function presence(found: object | null): Health {
  return found === null ? { status: 'missing' } : { status: 'healthy' };
}
