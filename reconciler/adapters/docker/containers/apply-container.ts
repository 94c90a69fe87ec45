import type { ContainerInspectInfo } from 'dockerode';
import { errorMessage, isReconcilerError, ReconcilerError } from '../../../base/errors.ts';
import { maskSpec } from '../../../model/secret.ts';
import type { ApplyContext, ResourceChange } from '../../../ports/target.ts';
import type { Adapter } from '../adapter.ts';
import { appliedKey } from '../adapter.ts';
import type { ContainerTask } from './container.ts';
import {
  discardContainer,
  discardMade,
  isUsable,
  makeContainer,
  repairContainer,
  startContainer,
  stopContainer,
  undo,
} from './container.ts';
import type { ContainerGroup, OwnedContainer } from './container-group.ts';
import {
  asideName,
  EMPTY_GROUP,
  findInterim,
  membersOf,
  nextName,
  ownName,
  readGroup,
} from './container-group.ts';
import { nameAsBuilt } from '../adopted/as-built.ts';
import { readStaleSharing } from './container-sharing.ts';
import { lifecycleOf } from './lifecycle.ts';
import { maskLines, readLogTail } from '../logs.ts';
import { maskOf } from '../secrets/secret-texts.ts';
import { containerSpec } from './specs.ts';

/**
 * Carries out one change of a container. Whatever an earlier attempt has left (a half-made container, a replacement
 * that never took over) is used when it fits and removed when not.
 */
export async function applyContainer(
  adapter: Adapter,
  change: ResourceChange,
  context: ApplyContext,
): Promise<void> {
  if (change.change.action === 'delete') return deleteContainer(adapter, change, context);
  const task = taskOf(adapter, change, context);
  if (change.change.action === 'create' && (await createAtOnce(task))) return;
  const group = await readGroupOf(adapter, change, context);
  if (group.current !== null) await nameAsBuilt(adapter, { ...task, current: group.current });
  if (change.change.action === 'replace' && group.current !== null) {
    await replaceContainer(task, { ...group, current: group.current }, change);
  } else {
    await ensureContainer(task, group);
  }
}

/** Most creates find nothing in their way. Only one that does has to look at what is there. */
async function createAtOnce(task: ContainerTask): Promise<boolean> {
  try {
    await ensureContainer(task, EMPTY_GROUP);
    return true;
  } catch (error) {
    if (isReconcilerError(error, 'NAME_TAKEN')) return false;
    throw error;
  }
}

/** Ends a replace; without an open one there is nothing to do. */
export async function settleContainer(
  adapter: Adapter,
  change: ResourceChange,
  outcome: 'keep' | 'revert',
  context: ApplyContext,
): Promise<void> {
  const task = taskOf(adapter, change, context);
  const { current, next } = await readGroupOf(adapter, change, context);
  if (outcome === 'keep') {
    if (next === null) return;
    if (current !== null) {
      // It still runs when the new one was started beside it.
      await stopContainer(adapter, current, context.signal);
      await discardContainer(adapter, current, context.signal);
    }
    await adapter.engine.renameContainer(next.id, task.spec.name, context.signal);
    return;
  }
  if (next !== null) {
    await tellLastLines(adapter, next, context);
    await discardContainer(adapter, next, context.signal);
  }
  adapter.applied.delete(appliedKey(context.stack, task.desired.id));
  if (current !== null) await runAgain(task, current);
}

/** Has the old container run as before, under its own name. */
async function runAgain(task: ContainerTask, current: OwnedContainer): Promise<void> {
  const { adapter, context } = task;
  const name = ownName(current);
  if (current.name !== name) await adapter.engine.renameContainer(current.id, name, context.signal);
  await startContainer(task, current.id, lifecycleOf(current.owner.spec, 'postStart'));
}

/** Stops the old container, and takes away a name that it will not have any more. */
async function stepAside(
  { adapter, context }: Pick<ContainerTask, 'adapter' | 'context'>,
  current: OwnedContainer,
  wanted: unknown,
): Promise<void> {
  await stopContainer(adapter, current, context.signal);
  const name = ownName(current);
  if (current.name === name && name !== wanted)
    await adapter.engine.renameContainer(current.id, asideName(current), context.signal);
}

/**
 * Stops a container ahead of its change. It goes without its name, also where it keeps that: nothing else would tell it from one that somebody has
 * stopped, should nobody come to its change.
 */
async function makeRoom(
  { adapter, context }: Pick<ContainerTask, 'adapter' | 'context'>,
  current: OwnedContainer,
): Promise<void> {
  if (current.name === ownName(current))
    await adapter.engine.renameContainer(current.id, asideName(current), context.signal);
  await stopContainer(adapter, current, context.signal);
}

/** The containers of a change: one that takes over from another resource has that one's container as its own. */
async function readGroupOf(
  { engine }: Adapter,
  { change }: ResourceChange,
  { stack, signal }: ApplyContext,
): Promise<ContainerGroup> {
  const group = await readGroup(engine, stack, change.name, signal);
  const from = change.from?.split('/').slice(2).join('/');
  if (from === undefined || group.current !== null) return group;
  const { current } = await readGroup(engine, stack, from, signal);
  return current !== null && current.id === change.objectId ? { ...group, current } : group;
}

/** Stops the container that is to be replaced, or runs it again. */
export async function releaseContainer(
  adapter: Adapter,
  change: ResourceChange,
  outcome: 'stop' | 'undo',
  context: ApplyContext,
): Promise<void> {
  const { current } = await readGroupOf(adapter, change, context);
  if (current === null) return;
  if (outcome === 'stop') await makeRoom({ adapter, context }, current);
  else await runAgain(taskOf(adapter, change, context), current);
}

/** Creates or updates one container under its own name, so that it runs as wanted. */
async function ensureContainer(task: ContainerTask, group: ContainerGroup): Promise<void> {
  const { adapter, spec, context } = task;
  const { engine } = adapter;
  const { signal } = context;
  for (const candidate of membersOf(group)) {
    const inspect = await engine.inspectContainer(candidate.id, signal);
    if (inspect === null || !isUsable(task, candidate, inspect)) continue;
    await removeAll(adapter, group, candidate, context);
    if (candidate.name !== spec.name) await engine.renameContainer(candidate.id, spec.name, signal);
    if (await repairOrGiveUp(task, inspect)) return;
    break;
  }
  await removeAll(adapter, group, null, context);
  const id = await makeContainer(task, spec.name);
  try {
    await startContainer(task, id);
  } catch (error) {
    await undo(adapter, error, (signal) => discardMade(task, id, signal));
  }
}

/** The words of the runtime of an engine that was killed in the middle of a start: it has left a directory, or a task, and never starts that container again. */
const LEFT_BEHIND = /failed to start shim: mkdir .*: file exists|task \S+ already exists/;

/** @returns false when the engine can start this container no more, so that it has to be made anew */
async function repairOrGiveUp(task: ContainerTask, inspect: ContainerInspectInfo): Promise<boolean> {
  try {
    await repairContainer(task, inspect);
    return true;
  } catch (error) {
    if (!LEFT_BEHIND.test(errorMessage(error))) throw error;
    task.context.progress(
      'is made anew: its engine, which was ended while it started it, cannot start it any more',
    );
    return false;
  }
}

type OpenGroup = ContainerGroup & { readonly current: OwnedContainer };

/**
 * The old container stays until `settle`, stopped unless the service wants both to run; when the new one does not even start, it runs again at
 * once.
 *
 * @param change names the container that the plan replaces: while it is there, nothing is done yet, whatever it looks like
 */
async function replaceContainer(
  task: ContainerTask,
  group: OpenGroup,
  change: ResourceChange,
): Promise<void> {
  const { adapter, spec, context } = task;
  const { signal } = context;
  const { current } = group;
  for (const stray of group.strays) await discardContainer(adapter, stray, signal);
  if (group.next === null && current.id !== change.change.objectId && (await isDone(task, current))) return;
  const next = await readyNext(task, group.next);
  const id = next ?? (await makeNext(task));
  try {
    if (task.desired.rollout?.order !== 'start-first') await stepAside(task, current, spec.name);
    await startContainer(task, id);
  } catch (error) {
    await undo(adapter, error, async (signal) => {
      await discardMade(task, id, signal);
      const undone = { ...task, context: { ...context, signal } };
      const left = (await readGroupOf(adapter, change, undone.context)).current;
      await runAgain(undone, left ?? current);
      adapter.applied.delete(appliedKey(context.stack, task.desired.id));
    });
  }
}

/**
 * Makes the replacement. Its name may be held by what an attempt has left of another service, which had the name of this one until they were
 * swapped: nothing waits for that any more.
 */
async function makeNext(task: ContainerTask): Promise<string> {
  const name = nextName(task.spec.name);
  try {
    return await makeContainer(task, name);
  } catch (error) {
    const { adapter, context, desired } = task;
    if (!isReconcilerError(error, 'NAME_TAKEN')) throw error;
    const left = await findInterim(adapter.engine, context.stack, name, context.signal);
    if (left === null || left.owner.name === desired.name) throw error;
    await discardContainer(adapter, left, context.signal);
    return makeContainer(task, name);
  }
}

/** The replace was finished earlier: the current container is what is wanted and runs the image of today. */
async function isDone(task: ContainerTask, current: OwnedContainer): Promise<boolean> {
  const inspect = await task.adapter.engine.inspectContainer(current.id, task.context.signal);
  if (inspect === null || !isUsable(task, current, inspect) || !(await isOfToday(task, inspect)))
    return false;
  await repairContainer(task, inspect);
  return true;
}

/** A replacement of an earlier attempt, when it is still what is wanted; otherwise it is removed. */
async function readyNext(task: ContainerTask, next: OwnedContainer | null): Promise<string | null> {
  if (next === null) return null;
  const { engine } = task.adapter;
  const inspect = await engine.inspectContainer(next.id, task.context.signal);
  if (inspect !== null && isUsable(task, next, inspect) && (await isOfToday(task, inspect))) return next.id;
  await discardContainer(task.adapter, next, task.context.signal);
  return null;
}

/** It runs the image, and shares with the containers, that bear these names now. */
async function isOfToday(task: ContainerTask, inspect: ContainerInspectInfo): Promise<boolean> {
  const { adapter, spec, context } = task;
  const image = await adapter.engine.inspectImage(spec.image, context.signal);
  if (image !== null && image.Id !== inspect.Image) return false;
  const stale = await readStaleSharing(adapter.engine, inspect, maskSpec(spec), context.signal);
  return Object.keys(stale).length === 0;
}

async function deleteContainer(
  adapter: Adapter,
  { change }: ResourceChange,
  context: ApplyContext,
): Promise<void> {
  const group = await readGroup(adapter.engine, context.stack, change.name, context.signal);
  await removeAll(adapter, group, null, context);
  adapter.applied.delete(appliedKey(context.stack, change.id));
}

async function removeAll(
  adapter: Adapter,
  group: ContainerGroup,
  except: OwnedContainer | null,
  { signal }: ApplyContext,
): Promise<void> {
  for (const container of membersOf(group)) {
    if (container === except) continue;
    await stopContainer(adapter, container, signal);
    await discardContainer(adapter, container, signal);
  }
}

async function tellLastLines(adapter: Adapter, next: OwnedContainer, context: ApplyContext): Promise<void> {
  const inspect = await adapter.engine.inspectContainer(next.id, context.signal);
  if (inspect === null) return;
  const { stack, signal } = context;
  const lines = await readLogTail(adapter.engine, inspect, signal);
  const mask = await maskOf(adapter, { stack, id: next.owner.id }, { inspect, what: 'message' }, signal);
  for (const line of maskLines(lines, mask)) context.progress(`${next.name}: ${line}`);
}

function taskOf(adapter: Adapter, { change, desired }: ResourceChange, context: ApplyContext): ContainerTask {
  if (desired === null)
    throw new ReconcilerError(
      'TARGET_ERROR',
      `internal: ${change.action} of ${change.id} without a description`,
    );
  return { adapter, desired, spec: containerSpec(desired), context, action: change.action };
}
