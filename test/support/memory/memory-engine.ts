import { ReconcilerError } from '../../../reconciler/base/errors.ts';
import { placeOfOrigin } from '../../../reconciler/model/git/source-root.ts';
import type { Json, JsonObject } from '../../../reconciler/base/json.ts';
import { canonicalJson, sha256 } from '../../../reconciler/base/json.ts';
import type {
  DesiredResource,
  Health,
  ObservedResource,
  ResourceId,
} from '../../../reconciler/model/resource.ts';
import type { Spec } from '../../../reconciler/model/secret.ts';
import { maskSpec } from '../../../reconciler/model/secret.ts';
import type { OneOffLeftover } from '../../../reconciler/ports/target-capabilities.ts';
import type { ApplyContext, OwnedStack } from '../../../reconciler/ports/target.ts';

/** One object on the pretended engine. */
export interface MemoryObject {
  readonly id: ResourceId;
  readonly target: string;
  readonly kind: string;
  readonly name: string;
  readonly engineId: string;
  readonly hash: string;
  readonly revision: string | null;
  readonly branch: string;
  readonly shared: boolean;
  readonly guarded: boolean;
  /** Masked. Tests may change it to play drift by hand. */
  spec: JsonObject;
  state: 'created' | 'running' | 'exited';
  /** It has made room for another one. */
  aside?: boolean;
  exitCode: number;
  /** Overrules what the object's state says; a function is asked at each look. */
  health: Health | (() => Health) | null;
}

export interface Slot {
  current: MemoryObject | null;
  next: MemoryObject | null;
}

/** State of a pretended engine; several targets may share one, as several processes share a real one. */
export interface MemoryEngine {
  readonly stacks: Map<string, Map<string, Slot>>;
  readonly images: Set<string>;
  /** One-off containers that run, or were left. */
  readonly hooks: OneOffLeftover[];
  /** Engine names that belong to nobody we know. */
  readonly foreignNames: Set<string>;
  readonly listeners: Set<(stack: string | null) => void>;
  /** Health of containers of these ids that are made from now on, whatever their state says. */
  readonly spoiled: Map<ResourceId, Health | (() => Health)>;
  created: number;
}

export function createMemoryEngine(images: readonly string[] = []): MemoryEngine {
  const empty = { foreignNames: new Set<string>(), listeners: new Set<(stack: string | null) => void>() };
  const spoiled = new Map<ResourceId, Health | (() => Health)>();
  return { stacks: new Map(), images: new Set(images), hooks: [], ...empty, spoiled, created: 0 };
}

export function createObject(
  engine: MemoryEngine,
  desired: DesiredResource,
  { revision, branch }: ApplyContext,
): MemoryObject {
  const { id, target, kind, name, hash } = desired;
  const engineId = sha256(`${++engine.created}`);
  const flags = { shared: desired.shared ?? false, guarded: desired.guarded ?? false };
  const health = engine.spoiled.get(id) ?? null;
  const state = { state: kind === 'container' ? 'created' : 'running', exitCode: 0, health } as const;
  return {
    id,
    target,
    kind,
    name,
    engineId,
    hash,
    revision,
    branch,
    ...flags,
    spec: maskSpec(desired.spec),
    ...state,
  };
}

/** Throws PORT_TAKEN when another container that runs has one of its host ports. */
export function start(engine: MemoryEngine, object: MemoryObject): void {
  const wanted = new Set(hostPorts(object));
  const all = [...engine.stacks.values()].flatMap((slots) => [...slots.values()]);
  for (const other of all.flatMap(({ current, next }) => [current, next])) {
    if (other === null || other === object || other.state !== 'running') continue;
    const taken = hostPorts(other).find((port) => wanted.has(port));
    if (taken === undefined) continue;
    const message = `${object.id}: port ${taken} is already taken by ${other.id}`;
    throw new ReconcilerError('PORT_TAKEN', message, { retryable: true });
  }
  const exit = /\bexit (\d+)/.exec(canonicalJson(object.spec['command'] ?? null))?.[1];
  Object.assign(
    object,
    exit === undefined
      ? { state: 'running', aside: false }
      : { state: 'exited', exitCode: Number(exit), aside: false },
  );
}

function hostPorts({ spec }: MemoryObject): readonly string[] {
  const ports = spec['ports'];
  const list: readonly Json[] = Array.isArray(ports) ? ports : [];
  return list.flatMap((port) =>
    typeof port === 'object' && port !== null && 'hostPort' in port ? [JSON.stringify(port['hostPort'])] : [],
  );
}

export function judge(object: MemoryObject | null): Health {
  if (!object) return { status: 'missing' };
  if (object.health) return typeof object.health === 'function' ? object.health() : object.health;
  if (object.state === 'created') return { status: 'stopped', reason: 'created, never started' };
  if (object.state === 'running') {
    const fails = canonicalJson(object.spec['healthcheck'] ?? null).includes('"false"');
    return fails ? { status: 'unhealthy', reason: 'health check: ended with 1' } : { status: 'healthy' };
  }
  const { exitCode } = object;
  if (exitCode === 143) return { status: 'stopped', reason: 'stopped, exited with 143' };
  if (exitCode === 0 && /"policy":"(no|on-failure)"/.test(canonicalJson(object.spec['restart'] ?? null)))
    return { status: 'completed', reason: 'exited with 0' };
  return { status: 'failed', reason: `exited with ${exitCode}` };
}

export function observeSlot({ current, next }: Slot): ObservedResource | null {
  const object = current ?? next;
  if (!object) return null;
  const { id, target, kind, name, hash, revision, spec, shared, guarded, engineId } = object;
  return {
    id,
    target,
    kind,
    name,
    hash,
    revision,
    ...placeOfOrigin(object.branch),
    spec,
    shared,
    guarded,
    health: judge(object),
    fingerprint: sha256(
      canonicalJson([engineId, hash, object.state === 'running', spec, next?.engineId ?? '']),
    ).slice(0, 32),
    objectId: engineId,
    interrupted: next !== null || object.aside === true,
    ...(object.aside === true || (current !== null && next !== null) ? { replacing: true } : {}),
    detail: { containerId: engineId },
  };
}

export function observeShared({ id, target, kind, name, hash, spec }: DesiredResource): ObservedResource {
  const observed = { id, target, kind, name, hash, revision: null, spec: maskSpec(spec), shared: true };
  return {
    ...observed,
    health: { status: 'healthy' },
    fingerprint: sha256(id).slice(0, 32),
    interrupted: false,
  };
}

export function observeExternal(engine: MemoryEngine, desired: DesiredResource): ObservedResource {
  const present = engine.foreignNames.has(text(desired.spec, 'name'));
  return { ...observeShared(desired), health: { status: present ? 'healthy' : 'missing' } };
}

/** Observes a description whose name belongs to somebody else: missing, and refused. */
export function observeTaken(
  engine: MemoryEngine,
  stack: string,
  desired: DesiredResource,
): readonly ObservedResource[] {
  const name = text(desired.spec, 'name');
  const isOwn = desired.spec['external'] === true || slotOf(engine, stack, desired.id) !== undefined;
  if (isOwn || !engine.foreignNames.has(name)) return [];
  const reason = takenReason(name);
  return [
    {
      ...observeShared(desired),
      hash: null,
      spec: {},
      health: { status: 'missing', reason },
      dryRun: { fields: [], immutable: null, conflicts: [], refused: reason, hint: 'rename it' },
    },
  ];
}

export function takenReason(name: string): string {
  return `${name} is there already and was made by somebody else`;
}

export function slotOf(engine: MemoryEngine, stack: string, id: ResourceId): Slot | undefined {
  return engine.stacks.get(stack)?.get(id);
}

export function openSlot(engine: MemoryEngine, stack: string, id: ResourceId): Slot {
  const slots = engine.stacks.get(stack) ?? new Map<string, Slot>();
  engine.stacks.set(stack, slots);
  const slot = slots.get(id) ?? { current: null, next: null };
  slots.set(id, slot);
  return slot;
}

export function listOwned(engine: MemoryEngine): readonly OwnedStack[] {
  return [...engine.stacks.keys()].sort().map((stack) => {
    const slots = [...(engine.stacks.get(stack)?.values() ?? [])];
    const revisions = slots.flatMap(({ current, next }) => [current?.revision, next?.revision]);
    const known = [...new Set(revisions.filter((revision) => typeof revision === 'string'))].sort();
    const branches = slots.flatMap(({ current, next }) => [current?.branch ?? [], next?.branch ?? []]).flat();
    return { stack, revisions: known, branches: [...new Set(branches)].sort(), resources: slots.length };
  });
}

export function emit(engine: MemoryEngine, stack: string | null): void {
  for (const listener of engine.listeners) listener(stack);
}

export function text(spec: Spec, key: string): string {
  const value = spec[key];
  return typeof value === 'string' ? value : '';
}
