import { ReconcilerError } from '../../../reconciler/base/errors.ts';
import type { DesiredResource, Health, ResourceId } from '../../../reconciler/model/resource.ts';
import { maskSpec } from '../../../reconciler/model/secret.ts';
import type {
  ApplyContext,
  Observation,
  ObserveScope,
  ResourceChange,
} from '../../../reconciler/ports/target.ts';
import type { MemoryEngine, MemoryObject, Slot } from './memory-engine.ts';
import {
  createObject,
  emit,
  judge,
  observeExternal,
  observeShared,
  observeSlot,
  observeTaken,
  openSlot,
  slotOf,
  start,
  takenReason,
  text,
} from './memory-engine.ts';
import type { Step } from './memory-faults.ts';

/** The calls of the port that look at or change the pretended engine; each of its steps can be made to fail. */
export function createMachine(engine: MemoryEngine, step: Step) {
  return {
    async observe({ stack, desired }: ObserveScope, signal: AbortSignal): Promise<Observation> {
      await step(`observe ${stack}`, signal);
      const slots = engine.stacks.get(stack) ?? new Map<string, Slot>();
      const owned = [...slots.values()].map(observeSlot).filter((resource) => resource !== null);
      const images = desired.filter(
        ({ kind, spec }) => kind === 'image' && engine.images.has(text(spec, 'reference')),
      );
      const externals = desired.filter(({ spec }) => spec['external'] === true);
      const resources = [
        ...owned,
        ...images.map(observeShared),
        ...externals.map((one) => observeExternal(engine, one)),
        ...desired.flatMap((one) => observeTaken(engine, stack, one)),
      ];
      resources.sort((a, b) => (a.id < b.id ? -1 : 1));
      return { resources, warnings: [] };
    },
    async health(stack: string, id: ResourceId, signal: AbortSignal): Promise<Health> {
      await step(`health ${id}`, signal);
      if (id.split('/')[1] === 'image') {
        return engine.images.has(id.split('/').slice(2).join('/'))
          ? { status: 'healthy' }
          : { status: 'missing' };
      }
      const slot = slotOf(engine, stack, id);
      const object = slot?.next ?? slot?.current ?? null;
      return object === null ? judge(null) : { ...judge(object), objectId: object.engineId };
    },
    async apply(change: ResourceChange, context: ApplyContext): Promise<void> {
      const { action, id, kind } = change.change;
      if (action === 'no-op') return;
      await step(`look for ${id}`, context.signal);
      if (change.desired === null) return removeSlot(engine, step, change, context);
      if (kind === 'image') return pull(engine, step, change.desired, context);
      if (change.desired.spec['external'] === true) return checkExternal(engine, change.desired);
      checkName(engine, change.desired);
      if (kind === 'container') checkImage(engine, change.desired);
      const slot = openSlot(engine, context.stack, id);
      if (action === 'replace') takeOver(engine, slot, change, context.stack);
      if (action === 'replace' && kind === 'container' && slot.current) {
        await replace({ engine, step, slot, context }, change.desired, change.change.objectId);
      } else {
        await ensure({ engine, step, slot, context }, change.desired);
      }
      emit(engine, context.stack);
    },
    async stop(stack: string, id: ResourceId, signal: AbortSignal): Promise<void> {
      const slot = slotOf(engine, stack, id);
      for (const object of [slot?.current, slot?.next]) {
        if (!object || object.state !== 'running') continue;
        await step(`stop ${id}`, signal);
        Object.assign(object, { state: 'exited', exitCode: stopCode(object) });
      }
      emit(engine, stack);
    },
    async start({ id }: DesiredResource, { stack, signal }: ApplyContext): Promise<void> {
      const object = slotOf(engine, stack, id)?.current;
      if (!object) throw new ReconcilerError('TARGET_ERROR', `${id} has no container to start`);
      await step(`start ${id}`, signal);
      start(engine, object);
      emit(engine, stack);
    },
    async release(
      { change }: ResourceChange,
      outcome: 'stop' | 'undo',
      { stack, signal }: ApplyContext,
    ): Promise<void> {
      const object = slotOf(engine, stack, change.from ?? change.id)?.current;
      if (!object) return;
      await step(`${outcome === 'stop' ? 'release' : 'start'} ${change.id}`, signal);
      if (outcome === 'stop') Object.assign(object, { state: 'exited', exitCode: 143, aside: true });
      else start(engine, object);
      emit(engine, stack);
    },
    async settle(
      { change }: ResourceChange,
      outcome: 'keep' | 'revert',
      context: ApplyContext,
    ): Promise<void> {
      if (change.action !== 'replace' || change.kind !== 'container') return;
      const slot = slotOf(engine, context.stack, change.id);
      if (!slot || (outcome === 'keep' && !slot.next)) return;
      await step(`settle ${outcome} ${change.id}`, context.signal);
      if (outcome === 'keep') {
        slot.current = null;
        await step(`rename ${change.id}`, context.signal);
        slot.current = slot.next;
      } else if (slot.current) {
        slot.next = null;
        await step(`start ${change.id}`, context.signal);
        if (slot.current.state !== 'running') start(engine, slot.current);
        giveBack(engine, slot.current, change.id, context.stack);
      }
      slot.next = null;
      emit(engine, context.stack);
    },
  };
}

/** The container of another resource becomes the one that is replaced. */
function takeOver(engine: MemoryEngine, slot: Slot, { change }: ResourceChange, stack: string): void {
  const old = change.from === undefined ? undefined : slotOf(engine, stack, change.from);
  if (change.from === undefined || !old?.current || slot.current) return;
  if (old.current.engineId !== change.objectId) return;
  slot.current = old.current;
  engine.stacks.get(stack)?.delete(change.from);
}

/** Undoes it: what runs again is what it was. */
function giveBack(engine: MemoryEngine, object: MemoryObject, id: ResourceId, stack: string): void {
  if (object.id === id) return;
  openSlot(engine, stack, object.id).current = object;
  engine.stacks.get(stack)?.delete(id);
}

/** A program that ends well when it is told to gives 0; a command with `trap` in it stands for one. */
function stopCode({ spec }: MemoryObject): number {
  return /\btrap\b/.test(JSON.stringify(spec['command'] ?? null)) ? 0 : 143;
}

interface Work {
  readonly engine: MemoryEngine;
  readonly step: Step;
  readonly slot: Slot;
  readonly context: ApplyContext;
}

async function ensure({ engine, step, slot, context }: Work, desired: DesiredResource): Promise<void> {
  const { signal } = context;
  const candidate = [slot.current, slot.next].find(
    (one) => one?.hash === desired.hash && one.state !== 'created',
  );
  if (!candidate) {
    await step(`create ${desired.id}`, signal);
    slot.current = createObject(engine, desired, context);
    slot.next = null;
  } else {
    slot.current = candidate;
    slot.next = null;
    await step(`update ${desired.id}`, signal);
    candidate.spec = { ...maskSpec(desired.spec) };
  }
  const current = slot.current;
  if (!current || judge(current).status === 'completed' || current.state === 'running') return;
  await step(`start ${desired.id}`, signal);
  start(engine, current);
}

async function replace(
  { engine, step, slot, context }: Work,
  desired: DesiredResource,
  old: string | undefined,
): Promise<void> {
  const { signal } = context;
  if (!slot.next && slot.current?.hash === desired.hash && slot.current.engineId !== old)
    return ensure({ engine, step, slot, context }, desired);
  if (slot.next?.hash !== desired.hash || slot.next.state === 'created') {
    await step(`create ${desired.id}.next`, signal);
    slot.next = createObject(engine, desired, context);
  }
  const beside = desired.rollout?.order === 'start-first';
  if (!beside) await step(`stop ${desired.id}`, signal);
  if (slot.current && !beside) Object.assign(slot.current, { state: 'exited', exitCode: 143 });
  await step(`start ${desired.id}.next`, signal);
  start(engine, slot.next);
}

async function removeSlot(
  engine: MemoryEngine,
  step: Step,
  { change }: ResourceChange,
  { stack, signal }: ApplyContext,
): Promise<void> {
  if (!slotOf(engine, stack, change.id)) return;
  await step(`delete ${change.id}`, signal);
  const slots = engine.stacks.get(stack);
  slots?.delete(change.id);
  if (slots?.size === 0) engine.stacks.delete(stack);
  emit(engine, stack);
}

async function pull(
  engine: MemoryEngine,
  step: Step,
  { spec }: DesiredResource,
  context: ApplyContext,
): Promise<void> {
  const reference = text(spec, 'reference');
  if (engine.images.has(reference)) return;
  await step(`pull ${reference}`, context.signal);
  throw new ReconcilerError('IMAGE_NOT_FOUND', `image ${reference} was not found`, { retryable: true });
}

function checkExternal(engine: MemoryEngine, { kind, spec }: DesiredResource): void {
  if (engine.foreignNames.has(text(spec, 'name'))) return;
  throw new ReconcilerError('TARGET_ERROR', `${kind} ${text(spec, 'name')} is external and does not exist`, {
    retryable: true,
  });
}

function checkName(engine: MemoryEngine, { id, spec }: DesiredResource): void {
  if (!engine.foreignNames.has(text(spec, 'name'))) return;
  throw new ReconcilerError('NAME_TAKEN', `${id}: ${takenReason(text(spec, 'name'))}`);
}

function checkImage(engine: MemoryEngine, { id, spec }: DesiredResource): void {
  if (engine.images.has(text(spec, 'image'))) return;
  throw new ReconcilerError('IMAGE_NOT_FOUND', `${id}: no such image: ${text(spec, 'image')}`, {
    retryable: true,
  });
}
