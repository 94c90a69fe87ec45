import type { ContainerInfo } from 'dockerode';
import type { ObservedInstance } from '../../../ports/instance-backend.ts';
import type { EngineEvent } from '../engine/engine-events.ts';
import { INSTANCE_LABEL } from './labels.ts';

type Labels = Readonly<Record<string, string>>;

interface KnownContainer {
  readonly name: string;
  /** They only come one after the other. */
  readonly state: 'created' | 'running' | 'exited';
  readonly exitCode: number;
}

interface KnownInstance {
  /** Containers by the engine's id. */
  readonly containers: Map<string, KnownContainer>;
  /** Number of containers that there should be. */
  wanted: number;
}

/** Containers of instances as lists, events and our own doings tell of them. */
export interface InstanceState {
  /** A list of everything. */
  replace(containers: readonly ContainerInfo[]): void;
  /** Takes in an event; the instance it was about, `null` when it was about none of ours. */
  onEvent(event: EngineEvent): string | null;
  /** Something that we have just done, which an event may have told already, and gone beyond. */
  note(container: {
    readonly id: string;
    readonly labels: Labels;
    readonly state: 'created' | 'running';
  }): void;
  /** We have removed it all. */
  forget(instance: string): void;
  get(instance: string): ObservedInstance | null;
  all(): ReadonlyMap<string, ObservedInstance>;
}

/** Containers of one instance, and instances, of which events are taken in; a list tells of all that there are. */
const MAX_CONTAINERS = 1_000;
const MAX_INSTANCES = 50_000;

const ORDER = { created: 0, running: 1, exited: 2 } as const;

export function createInstanceState(): InstanceState {
  const known = new Map<string, KnownInstance>();
  function put(id: string, labels: Labels, seen: Omit<KnownContainer, 'name'>): string | null {
    const instance = labels[INSTANCE_LABEL.instance];
    if (instance === undefined) return null;
    if (labels[INSTANCE_LABEL.init] !== undefined) return instance;
    const entry = known.get(instance) ?? { containers: new Map<string, KnownContainer>(), wanted: 1 };
    if (isFull(known, MAX_INSTANCES, instance) || isFull(entry.containers, MAX_CONTAINERS, id)) return null;
    entry.wanted = Number(labels[INSTANCE_LABEL.containers] ?? 1);
    entry.containers.set(id, { name: labels[INSTANCE_LABEL.container] ?? '', ...seen });
    known.set(instance, entry);
    return instance;
  }
  function drop(id: string, labels: Labels): string | null {
    const instance = labels[INSTANCE_LABEL.instance];
    if (instance === undefined) return null;
    const entry = known.get(instance);
    entry?.containers.delete(id);
    if (entry?.containers.size === 0) known.delete(instance);
    return instance;
  }
  const get = (instance: string) => judge(known.get(instance));
  return {
    replace(containers) {
      known.clear();
      for (const { Id, Labels, State, Status } of containers) put(Id, Labels, readState(State, Status));
    },
    onEvent({ Type, Action, Actor }) {
      const [id, labels] = [Actor?.ID ?? '', Actor?.Attributes ?? {}];
      if (Type !== 'container') return null;
      if (Action === 'create') return put(id, labels, { state: 'created', exitCode: 0 });
      if (Action === 'start') return put(id, labels, { state: 'running', exitCode: 0 });
      if (Action === 'die')
        return put(id, labels, { state: 'exited', exitCode: Number(labels['exitCode'] ?? 0) });
      return Action === 'destroy' ? drop(id, labels) : null;
    },
    note({ id, labels, state }) {
      const before = known.get(labels[INSTANCE_LABEL.instance] ?? '')?.containers.get(id);
      if (before === undefined || ORDER[before.state] < ORDER[state]) put(id, labels, { state, exitCode: 0 });
    },
    forget: (instance) => void known.delete(instance),
    get,
    all: () =>
      new Map(
        [...known.keys()].flatMap((id) => [get(id)].flatMap((seen) => (seen ? [[id, seen] as const] : []))),
      ),
  };
}

function isFull(map: ReadonlyMap<string, unknown>, limit: number, key: string): boolean {
  return map.size >= limit && !map.has(key);
}

/** `Exited (137) 3 minutes ago` */
function readState(state: string, status: string): Omit<KnownContainer, 'name'> {
  if (state === 'created') return { state, exitCode: 0 };
  if (state === 'exited' || state === 'dead')
    return { state: 'exited', exitCode: Number(/\((\d+)\)/.exec(status)?.[1] ?? 0) };
  return { state: 'running', exitCode: 0 };
}

/** Says what Kubernetes would say of a pod with these containers. */
function judge(instance: KnownInstance | undefined): ObservedInstance | null {
  if (instance === undefined) return null;
  const containers = [...instance.containers.values()];
  if (containers.length < instance.wanted)
    return { phase: 'failed', reason: 'some of its containers are not there' };
  if (containers.some(({ state }) => state === 'created')) return { phase: 'pending', reason: null };
  if (containers.some(({ state }) => state === 'running')) return { phase: 'running', reason: null };
  const failed = containers.find(({ exitCode }) => exitCode !== 0);
  return failed === undefined
    ? { phase: 'succeeded', reason: null }
    : { phase: 'failed', reason: `container ${failed.name} exited with ${failed.exitCode}` };
}
