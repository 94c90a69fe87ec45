import type { Health, ResourceId } from '../../model/resource.ts';
import type { Adapter } from './adapter.ts';
import { appliedKey } from './adapter.ts';
import { isNextName, readGroup } from './containers/container-group.ts';
import { judgeContainer } from './containers/container-health.ts';
import { readOwner } from './labels.ts';
import { maskSecrets, readLogTail } from './logs.ts';
import { hideSecretTexts } from './secrets/secret-texts.ts';
import { runningMs } from './containers/running-time.ts';

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
  const { engine, stableMs } = adapter;
  const inspect = await findContainer(adapter, subject, signal);
  if (inspect === null) return { status: 'missing' };
  const traits = await adapter.traits(signal);
  // The old one is gone once the new one counts as healthy, so it has to convince more.
  const stable = isNextName(inspect.Name) ? 2 * stableMs : stableMs;
  const judged = judgeContainer(inspect, {
    stableMs: stable,
    runningMs: runningMs(adapter, traits, inspect),
  });
  const health = { ...judged, objectId: inspect.Id };
  const { reason } = health;
  if (reason === undefined) return health;
  const created = readOwner(inspect.Config.Labels)?.spec ?? {};
  const isBad = health.status === 'failed' || health.status === 'unhealthy';
  const lines = isBad ? await readLogTail(engine, inspect, created, signal) : [];
  const tail = lines.length > 0 ? `; last output: ${lines.join(' | ')}` : '';
  const { stack, id } = subject;
  return {
    ...health,
    reason: hideSecretTexts(adapter, stack, id, `${maskSecrets(inspect, created, reason)}${tail}`),
  };
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
