import type { ContainerInfo, NetworkInspectInfo } from 'dockerode';
import { createAbortScope } from '../../base/abort-scope.ts';
import type { JsonObject } from '../../base/json.ts';
import { canonicalJson, sha256 } from '../../base/json.ts';
import { createTextMask, isSensitiveName, MASK } from '../../model/secret.ts';
import type { KeepsInventory, ObjectStatus, SeenObject } from '../../ports/inventory/inventory.ts';
import { createTeller } from '../../ports/inventory/teller.ts';
import type { Adapter } from './adapter.ts';
import { appliedKey } from './adapter.ts';
import type { EngineVolume } from './engine/engine.ts';
import type { Labels } from './labels.ts';
import { LABEL, readOwner } from './labels.ts';
import { watchEngine } from './watch.ts';

/** Lists containers, networks and volumes of all stacks whenever an event says that something has happened to one. */
export function createInventory(adapter: Adapter): KeepsInventory {
  return {
    async inventory(sink, signal) {
      using ending = createAbortScope({ signals: [signal] });
      const teller = createTeller({ sink, signal, clock: adapter.clock });
      const watching = watchEngine(adapter, () => teller.changed(), ending.signal);
      const known = new Map<string, Kept>();
      try {
        await teller.run(async () => keepSame(known, await listAll(adapter, signal)));
      } finally {
        ending.abort();
        await watching.catch(() => undefined);
      }
    },
    // An engine tells of its events once, and keeps none for an object.
    eventsOf: () => [],
  };
}

interface Kept {
  readonly object: SeenObject;
  readonly text: string;
}

/** Objects as they were before where they have not changed. */
function keepSame(known: Map<string, Kept>, objects: readonly SeenObject[]): readonly SeenObject[] {
  const kept = objects.map((object) => {
    const text = canonicalJson(JSON.parse(JSON.stringify(object)));
    const before = known.get(object.uid);
    return before?.text === text
      ? before
      : { object: { ...object, version: sha256(text).slice(0, 16) }, text };
  });
  known.clear();
  for (const one of kept) known.set(one.object.uid, one);
  return kept.map(({ object }) => object);
}

async function listAll(adapter: Adapter, signal: AbortSignal): Promise<readonly SeenObject[]> {
  const { engine } = adapter;
  const [containers, networks, volumes] = await Promise.all([
    engine.listContainers(null, signal),
    engine.listNetworks(null, signal),
    engine.listVolumes(null, signal),
  ]);
  return [
    ...containers.map((one) => toContainer(adapter, one)),
    ...networks.map((one) => toNetwork(adapter, one)),
    ...volumes.map((one) => toVolume(adapter, one)),
  ];
}

const BLANK = { version: '', apiVersion: '', namespace: null, annotations: {}, owners: [], generation: null };

function toContainer(adapter: Adapter, container: ContainerInfo): SeenObject {
  const { Id, Names, Image, State, Created, Labels, Ports, NetworkSettings } = container;
  const name = (Names[0] ?? Id).replace(/^\//, '');
  const ports = Ports.map(({ PrivatePort, PublicPort, Type }) => ({
    containerPort: PrivatePort,
    protocol: Type.toUpperCase(),
    ...(PublicPort === undefined ? {} : { hostPort: PublicPort }),
  }));
  const { status, message } = statusOf(container);
  const only = { name, image: Image, ports, resources: {}, state: State };
  const facts: JsonObject = {
    containers: [{ ...only, restartCount: 0, ready: status === 'running' }],
    networks: Object.keys(NetworkSettings?.Networks ?? {}).sort(),
  };
  const createdAt = new Date(Created * 1_000).toISOString();
  return {
    ...BLANK,
    uid: Id,
    kind: 'container',
    name,
    status,
    message,
    createdAt,
    facts,
    ...labelled(adapter, Labels),
  };
}

function toNetwork(adapter: Adapter, { Id, Name, Driver, Labels, Created }: NetworkInspectInfo): SeenObject {
  const made = Date.parse(Created);
  const createdAt = Number.isNaN(made) ? null : new Date(made).toISOString();
  const common = { ...BLANK, uid: Id, kind: 'network', name: Name, createdAt, facts: { driver: Driver } };
  return { ...common, status: 'running', message: null, ...labelled(adapter, Labels ?? {}) };
}

function toVolume(adapter: Adapter, { Name, Driver, Labels }: EngineVolume): SeenObject {
  const common = { ...BLANK, uid: `volume/${Name}`, kind: 'volume', name: Name, createdAt: null };
  const facts = { driver: Driver };
  return { ...common, facts, status: 'running', message: null, ...labelled(adapter, Labels ?? {}) };
}

function statusOf({ State, Status }: ContainerInfo): {
  readonly status: ObjectStatus;
  readonly message: string | null;
} {
  switch (State) {
    case 'running':
      if (Status.includes('(unhealthy)')) return { status: 'warning', message: 'its health check fails' };
      if (Status.includes('(health: starting)'))
        return { status: 'pending', message: 'its health check has not passed yet' };
      return { status: 'running', message: null };
    case 'created':
      return { status: 'pending', message: 'it has not been started' };
    case 'exited': {
      const code = /^Exited \((-?\d+)\)/.exec(Status)?.[1] ?? '?';
      return code === '0'
        ? { status: 'completed', message: null }
        : { status: 'failed', message: `it exited with ${code}` };
    }
    case 'paused':
    case 'restarting':
      return { status: 'warning', message: `it is ${State}` };
    case 'removing':
      return { status: 'deleted', message: 'it is being removed' };
    case 'dead':
      return { status: 'failed', message: 'the engine could not remove it' };
    default:
      return { status: 'unknown', message: null };
  }
}

/** The label of the spec would tell everything over again. */
function labelled(adapter: Adapter, labels: Labels): Pick<SeenObject, 'stack' | 'labels'> {
  const owner = readOwner(labels);
  const texts = owner === null ? undefined : adapter.secretTexts.get(appliedKey(owner.stack, owner.id));
  const mask = createTextMask([...(texts?.values ?? []), ...(texts?.words ?? [])]);
  const shown = Object.entries(labels).filter(([key]) => key !== LABEL.spec);
  return {
    stack: owner?.stack ?? null,
    labels: Object.fromEntries(shown.map(([key, value]) => [key, isSensitiveName(key) ? MASK : mask(value)])),
  };
}
