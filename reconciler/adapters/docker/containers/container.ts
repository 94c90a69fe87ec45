import { own, asText } from '../../../base/values.ts';
import type { ContainerInspectInfo } from 'dockerode';
import { withAbortScope } from '../../../base/abort-scope.ts';
import type { ContainerSpec, LifecycleSpec } from '../../../model/docker/docker-spec.ts';
import { errorMessage, isReconcilerError, ReconcilerError, toCancelled } from '../../../base/errors.ts';
import type { DesiredResource } from '../../../model/resource.ts';
import { compareHash } from '../../../model/resource.ts';
import type { Change } from '../../../plan/plan.ts';
import type { ApplyContext } from '../../../ports/target.ts';
import type { Adapter } from '../adapter.ts';
import { appliedKey, AWAITED_PORT } from '../adapter.ts';
import { buildContainerConfig, endpointOf, networkNames } from './container-config.ts';
import type { OwnedContainer } from './container-group.ts';
import { hasStarted } from './container-health.ts';
import { readContainerHealth } from './read-container-health.ts';
import { buildUpdate, leftNetwork, networkSteps, readLive } from './container-drift.ts';
import { lifecycleOf, runPostStart, runPreStop } from './lifecycle.ts';
import { withSharedIds } from './container-sharing.ts';
import { refuseUnmet } from '../engine/engine-needs.ts';
import { portOf } from '../engine/engine-errors.ts';
import { putFiles } from './files.ts';
import { giveVolumes } from './owner.ts';
import { buildLabels, COMPOSE, LABEL, readOwner } from '../labels.ts';
import {
  newSecretsPlace,
  putSecrets,
  readSecretsPlace,
  SECRETS_LABEL,
  wipeSecrets,
} from '../secrets/secret-files.ts';
import { containerNameTaken } from '../taken-names.ts';
import { speaks } from '../engine/transport.ts';

/*
 * Steps that several changes of a container are made of. Each is harmless when repeated.
 */

/** A container that is being brought about, and for whom. */
export interface ContainerTask {
  readonly adapter: Adapter;
  readonly desired: DesiredResource;
  readonly spec: ContainerSpec;
  readonly context: ApplyContext;
  /** Decision of the plan; left out where there is none. */
  readonly action?: Change['action'];
  /** Instead of those of a resource. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** A change that must be undone is undone even when the caller has lost interest. */
const UNDO_TIMEOUT_MS = 120_000;

/** Makes a container with its files and networks, not started. Nothing is left of it when that fails. */
export async function makeContainer(task: ContainerTask, name: string): Promise<string> {
  const { adapter, desired, spec, context } = task;
  const { stack, signal } = context;
  if (spec.readOnly && spec.files?.length)
    throw new ReconcilerError(
      'TARGET_UNSUPPORTED',
      `${desired.id}: the engine cannot put files into a container whose file system is read-only`,
    );
  const { api } = await adapter.traits(signal);
  refuseUnmet(desired, spec, api);
  const place = spec.secrets?.length ? newSecretsPlace(stack) : null;
  const own = task.labels ?? (await labelsFor(task));
  const labels = place === null ? own : { ...own, [SECRETS_LABEL]: place };
  const shared = await withSharedIds(adapter.engine, spec, signal);
  const config = buildContainerConfig(shared, { labels, api, place });
  // Before the container: the engine wants what it mounts to be there.
  if (place !== null) await fillSecrets(task, place);
  const platform = speaks(api, '1.41') ? spec.platform : undefined;
  const id = await createContainer(task, { name, config, platform, place });
  try {
    const owned = await giveVolumes(adapter.engine, id, spec, signal);
    await putFiles(adapter.engine, id, spec.files ?? [], { ...context, owned });
    for (const network of networkNames(spec).slice(1)) {
      await adapter.engine.connectNetwork(network, id, endpointOf(spec, network, api), signal);
    }
  } catch (error) {
    await undo(adapter, error, (signal) => discardMade(task, id, signal));
  }
  return id;
}

/** Compose makes a container anew whose label names another image than the one that its reference means. */
async function labelsFor({
  adapter,
  desired,
  spec,
  context,
}: ContainerTask): Promise<Readonly<Record<string, string>>> {
  const { stack, revision, branch, signal } = context;
  const labels = buildLabels({ stack, revision, branch, desired });
  if (desired.compose === undefined) return labels;
  const image = await adapter.engine.inspectImage(spec.image, signal);
  return image === null ? labels : { ...labels, [`${COMPOSE}.image`]: image.Id };
}

function fillSecrets({ adapter, spec, context }: ContainerTask, place: string): Promise<void> {
  const { image, secrets = [] } = spec;
  return putSecrets(adapter.engine, secrets, { image, place }, context.signal);
}

interface NewContainer {
  readonly name: string;
  readonly config: object;
  readonly platform: string | undefined;
  /** Place of its secrets. */
  readonly place: string | null;
}

async function createContainer(
  { adapter, spec, context }: ContainerTask,
  made: NewContainer,
): Promise<string> {
  const { name, config, platform, place } = made;
  try {
    return await adapter.engine.createContainer(name, config, { platform, signal: context.signal });
  } catch (error) {
    const taken = isReconcilerError(error, 'NAME_TAKEN');
    const told = taken ? await containerNameTaken(adapter.engine, name, context.signal) : error;
    if (place === null) throw told;
    return undo(adapter, told, (signal) => wipeSecrets(adapter, { image: spec.image, place }, signal));
  }
}

/** Removes a container of ours and its secrets. */
export async function discardContainer(
  adapter: Adapter,
  { id, info }: OwnedContainer,
  signal: AbortSignal,
): Promise<void> {
  await adapter.engine.removeContainer(id, signal);
  const place = readSecretsPlace(info.Labels);
  if (place !== null) await wipeSecrets(adapter, { image: info.ImageID, place }, signal);
}

/** The same for one that was made just now and is not listed yet. */
export async function discardMade(
  { adapter, spec }: ContainerTask,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  const place = spec.secrets?.length
    ? readSecretsPlace((await adapter.engine.inspectContainer(id, signal))?.Config.Labels)
    : null;
  await adapter.engine.removeContainer(id, signal);
  if (place !== null) await wipeSecrets(adapter, { image: spec.image, place }, signal);
}

/**
 * Starts a container, remembers it as the one to judge, and runs what is to follow its start. Says who holds a port that is taken.
 *
 * @param commands default: those of its description
 */
export async function startContainer(
  { adapter, desired, spec, context }: ContainerTask,
  id: string,
  commands: readonly LifecycleSpec[] = spec.postStart ?? [],
): Promise<void> {
  let wasLeft = false;
  for (let attempt = 1; ; attempt++) {
    try {
      await adapter.engine.startContainer(id, context.signal);
      break;
    } catch (error) {
      if (!isReconcilerError(error, 'PORT_TAKEN')) throw error;
      const { told, isMoving, isLeft } = await namePortHolder(adapter, desired, context.stack, error);
      adapter.awaited.add(context.stack, AWAITED_PORT);
      const mayBeFree = isMoving || (isLeft && !wasLeft);
      if (!mayBeFree || attempt * PORT_PAUSE_MS > adapter.portWaitMs) throw told;
      wasLeft = isLeft;
      if (attempt === 1) context.progress(`waiting: ${told.message}`);
      await adapter.clock.sleep(PORT_PAUSE_MS, context.signal);
    }
  }
  adapter.applied.set(appliedKey(context.stack, desired.id), id);
  const { stack, progress, signal } = context;
  await runPostStart(adapter, commands, { stack, id: desired.id, container: id, progress }, signal);
}

/** Pause between two tries to start a container whose port another stack may be about to give up. */
const PORT_PAUSE_MS = 250;

/** States of a container that has nothing to stop. */
const DOWN: ReadonlySet<string> = new Set(['exited', 'created', 'dead', 'removing']);

/**
 * Stops a container. A stop that the engine has begun is waited for even when the caller gives up, so that nobody starts a container that
 * is about to go down. Throws CANCELLED only then.
 */
export async function stopContainer(
  adapter: Adapter,
  { id, owner, info }: OwnedContainer,
  signal: AbortSignal,
): Promise<void> {
  if (DOWN.has(info.State)) return;
  if (signal.aborted) throw toCancelled(signal, 'stop container');
  // A paused process cannot hear that it should end.
  if (info.State === 'paused') await adapter.engine.unpauseContainer(id, signal);
  const commands = lifecycleOf(owner.spec, 'preStop');
  const place = { stack: owner.stack, id: owner.id, container: id };
  if (commands.length > 0) await runPreStop(adapter, commands, place, signal);
  const grace = owner.spec['stopGracePeriodMs'];
  const seconds = typeof grace === 'number' ? Math.ceil(grace / 1_000) : adapter.stopTimeoutSeconds;
  await adapter.engine.stopContainer(id, seconds, signal);
  if (signal.aborted) throw toCancelled(signal, 'stop container');
}

/**
 * Tells whether a container is what is wanted, as far as it cannot be changed in place. One that never ran may be half made, and one that
 * is being removed never runs again.
 */
export function isUsable(
  task: ContainerTask,
  container: OwnedContainer | null,
  inspect: ContainerInspectInfo | null,
) {
  return (
    container !== null &&
    inspect !== null &&
    isMadeFrom(task, container) &&
    leftNetwork(inspect, task.spec) === null &&
    hasStarted(inspect) &&
    !inspect.State.Dead &&
    inspect.State.Status !== 'removing'
  );
}

/** A container whose hash cannot tell, or that has none since it was adopted, was judged by the plan, which would have it replaced where it differed. */
function isMadeFrom({ desired, action }: ContainerTask, { owner, info }: OwnedContainer): boolean {
  if (info.Labels[LABEL.adopted] !== undefined) return action === 'update';
  const likeness = compareHash(desired, owner.hash);
  return likeness === 'same' || (likeness === 'unknown' && action === 'update');
}

/** Brings what can change in place to what is wanted, and has it running unless it has done its work. */
export async function repairContainer(task: ContainerTask, inspect: ContainerInspectInfo): Promise<void> {
  const { adapter, spec, context } = task;
  const { engine } = adapter;
  const { signal } = context;
  const [traits, networkIds] = await Promise.all([adapter.traits(signal), readNetworkIds(task)]);
  const live = readLive(inspect, traits, networkIds);
  const update = buildUpdate(spec, live, traits.cgroupVersion);
  if (update !== null) await engine.updateContainer(inspect.Id, update, signal);
  const { leave, join } = networkSteps(spec, live);
  for (const name of leave) await engine.disconnectNetwork(name, inspect.Id, signal);
  for (const name of join) {
    await dropStaleEndpoint(task, inspect, name);
    const endpoint = endpointOf(spec, name, traits.api);
    await engine.connectNetwork(networkIds.get(name) ?? name, inspect.Id, endpoint, signal);
  }
  await ensureRunning(task, inspect);
}

/** Undoes with a signal of its own, then throws the error that made it necessary. */
export async function undo(
  adapter: Adapter,
  error: unknown,
  steps: (signal: AbortSignal) => Promise<void>,
): Promise<never> {
  try {
    await withAbortScope({ signals: [], timeoutMs: UNDO_TIMEOUT_MS }, steps);
  } catch (undoing) {
    const reason = undoing instanceof Error ? undoing.message : asText(undoing);
    adapter.logger.error({ target: adapter.name, error: reason }, 'could not undo a failed change');
  }
  throw error;
}

async function ensureRunning(task: ContainerTask, inspect: ContainerInspectInfo): Promise<void> {
  const { adapter, desired, context } = task;
  const { status } = await readContainerHealth(adapter, inspect, context.signal);
  if (status !== 'completed') return startAgain(task, inspect);
  adapter.applied.set(appliedKey(context.stack, desired.id), inspect.Id);
}

/** Has a container run that was made before, unless it runs. */
export async function startAgain(task: ContainerTask, inspect: ContainerInspectInfo): Promise<void> {
  const { adapter, desired, context } = task;
  adapter.applied.set(appliedKey(context.stack, desired.id), inspect.Id);
  const { Running, Paused } = inspect.State;
  if (Paused) await adapter.engine.unpauseContainer(inspect.Id, context.signal);
  if (Running || Paused) return;
  // The machine may have been started anew since, and its memory is empty then.
  const place = readSecretsPlace(inspect.Config.Labels);
  if (place !== null) await fillSecrets(task, place);
  await startContainer(task, inspect.Id);
}

async function readNetworkIds({
  adapter,
  spec,
  context,
}: ContainerTask): Promise<ReadonlyMap<string, string>> {
  const found = await Promise.all(
    networkNames(spec).map((name) => adapter.engine.inspectNetwork(name, context.signal)),
  );
  return new Map(found.filter((network) => network !== null).map(({ Name, Id }) => [Name, Id]));
}

/** The container still holds an endpoint on an earlier network of that name, which is gone. */
async function dropStaleEndpoint(
  { adapter, context }: ContainerTask,
  inspect: ContainerInspectInfo,
  network: string,
): Promise<void> {
  // The name is used because the engine no longer knows the id.
  if (own(inspect.NetworkSettings.Networks, network) === undefined) return;
  await adapter.engine.disconnectNetwork(network, inspect.Id, context.signal);
}

/**
 * Says who holds a port that is taken.
 *
 * @returns `isMoving` when another stack of ours has it, which may be about to give it up: a push can hand ports from stack to stack; `isLeft`
 *   when no container has it by now: the one that had it may have stopped since
 */
async function namePortHolder(
  adapter: Adapter,
  desired: DesiredResource,
  stack: string,
  error: ReconcilerError,
): Promise<{ readonly told: ReconcilerError; readonly isMoving: boolean; readonly isLeft: boolean }> {
  const port = portOf(errorMessage(error.cause));
  const looking = { signals: [], timeoutMs: 5_000 };
  const holders = await withAbortScope(looking, (signal) =>
    adapter.engine.findPublishers(port, signal),
  ).catch(() => []);
  const running = holders.filter(({ State }) => State === 'running');
  const names = running.map(({ Names }) => Names[0]?.slice(1) ?? '');
  const isMoving = running.some(({ Labels }) => (readOwner(Labels)?.stack ?? stack) !== stack);
  const holder = names.length > 0 ? `container ${names.join(', ')}` : 'something outside of the engine';
  const message = `${desired.id}: port ${port} is already taken by ${holder}`;
  return {
    told: new ReconcilerError('PORT_TAKEN', message, { cause: error.cause, retryable: true }),
    isMoving,
    isLeft: names.length === 0,
  };
}
