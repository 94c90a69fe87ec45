import type { ContainerInfo, NetworkInspectInfo } from 'dockerode';
import type { DesiredResource } from '../../../model/resource.ts';
import type { LabelledObject, ObserveScope } from '../../../ports/target.ts';
import type { Engine, EngineVolume } from '../engine/engine.ts';
import type { Labels } from '../labels.ts';
import { readOwner } from '../labels.ts';
import type { Refusal } from '../taken-names.ts';

type Kind = LabelledObject['kind'];

interface Named {
  readonly Name: string;
  readonly Labels?: Labels | null | undefined;
}

/** The networks, volumes and containers that bear a stack's labels. */
export interface Labelled {
  readonly networks: readonly NetworkInspectInfo[];
  readonly volumes: readonly EngineVolume[];
  readonly containers: readonly ContainerInfo[];
}

/** The networks and volumes that a stack has. */
export interface Claimed extends Pick<Labelled, 'networks' | 'volumes'> {
  readonly awaited: readonly AwaitedVolume[];
}

/** A volume that was handed over, and is still in use where it comes from. */
export interface AwaitedVolume {
  readonly desired: readonly DesiredResource[];
  readonly refusal: Refusal;
  /** Names of the containers that use it. */
  readonly users: readonly string[];
}

/**
 * Follows who has which network and volume by what is described now: what another stack has taken over is left out, what another one has handed
 * over comes in. A volume is not had by two at a time: it comes when the containers are gone that have it from before.
 */
export async function followClaims(
  engine: Engine,
  scope: ObserveScope,
  labelled: Labelled,
  signal: AbortSignal,
): Promise<Claimed> {
  const { networks, volumes } = labelled;
  if (scope.claims === undefined) return { networks, volumes, awaited: [] };
  const [ownNetworks, ownVolumes, comingNetworks, comingVolumes] = await Promise.all([
    keepHeld(scope, 'network', networks),
    keepHeld(scope, 'volume', volumes),
    findComing(scope, 'network', labelled, (names) => engine.networksNamed(names, signal)),
    findComing(scope, 'volume', labelled, (names) => engine.volumesNamed(names, signal)),
  ]);
  const awaited: AwaitedVolume[] = [];
  const free: EngineVolume[] = [];
  for (const volume of comingVolumes) {
    const users = isUsed('volume', volume.Name, labelled)
      ? []
      : await findUsers(engine, scope, volume, signal);
    if (users.length === 0) free.push(volume);
    else awaited.push(awaitVolume(scope, volume, users));
  }
  return { networks: [...ownNetworks, ...comingNetworks], volumes: [...ownVolumes, ...free], awaited };
}

/** The resources that want an object of this name for their own. */
export function wantersOf({ desired }: ObserveScope, kind: string, name: string): readonly DesiredResource[] {
  return desired.filter(
    (one) => one.kind === kind && one.spec['name'] === name && one.spec['external'] !== true,
  );
}

/** Leaves out what another stack has taken over. What is described is had, whoever else wants it. */
async function keepHeld<T extends Named>(
  scope: ObserveScope,
  kind: Kind,
  found: readonly T[],
): Promise<readonly T[]> {
  const kept: T[] = [];
  for (const one of found) {
    const object = toLabelled(kind, one);
    const isOurs =
      object === null ||
      wantersOf(scope, kind, one.Name).length > 0 ||
      (await scope.claims?.holderOf(object)) === scope.stack;
    if (isOurs) kept.push(one);
  }
  return kept;
}

/** Finds what others have made and the stack is to have. What it uses already stays with it for as long as nobody can tell. */
async function findComing<T extends Named>(
  scope: ObserveScope,
  kind: Kind,
  labelled: Labelled,
  find: (names: readonly string[]) => Promise<readonly T[]>,
): Promise<readonly T[]> {
  const there = new Set(labelled[`${kind}s`].map(({ Name }) => Name));
  const wanted = scope.desired.flatMap(({ kind: its, spec }) =>
    its === kind && spec['external'] !== true && typeof spec['name'] === 'string' ? [spec['name']] : [],
  );
  const names = [...new Set(wanted)].filter((name) => !there.has(name));
  if (names.length === 0) return [];
  const coming: T[] = [];
  for (const one of await find(names)) {
    const object = names.includes(one.Name) ? toLabelled(kind, one) : null;
    if (object === null || object.stack === scope.stack) continue;
    const holder = await scope.claims?.holderOf(object);
    if (holder === scope.stack || (holder === null && isUsed(kind, one.Name, labelled))) coming.push(one);
  }
  return coming;
}

function isUsed(kind: Kind, name: string, { containers }: Pick<Labelled, 'containers'>): boolean {
  return containers.some((container) =>
    kind === 'volume'
      ? mounts(container, name)
      : Object.hasOwn(container.NetworkSettings?.Networks ?? {}, name),
  );
}

function mounts({ Mounts }: ContainerInfo, volume: string): boolean {
  return Mounts.some(({ Type, Name }) => Type === 'volume' && Name === volume);
}

/** Containers, running or not, of the stack that made a volume; one whose description says that it is somebody else's may go on using it. */
async function findUsers(
  engine: Engine,
  { claims }: ObserveScope,
  { Name, Labels }: EngineVolume,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const maker = readOwner(Labels)?.stack ?? '';
  if (claims?.isExternal(maker, { kind: 'volume', name: Name }) === true) return [];
  const containers = await engine.listContainers(maker, signal);
  return containers
    .filter((container) => mounts(container, Name))
    .map(({ Names, Id }) => Names[0]?.slice(1) ?? Id)
    .sort();
}

function awaitVolume(
  scope: ObserveScope,
  { Name, Labels }: EngineVolume,
  users: readonly string[],
): AwaitedVolume {
  const maker = readOwner(Labels)?.stack ?? '';
  const many = users.length > 1;
  return {
    desired: wantersOf(scope, 'volume', Name),
    refusal: {
      reason: `volume ${Name} comes from the stack ${maker}, whose container${many ? 's' : ''} ${users.join(', ')} still use${many ? '' : 's'} it`,
      hint: `it is taken over with its data as soon as ${many ? 'they are' : 'that one is'} gone; where ${maker} waits for somebody, apply or destroy that first`,
    },
    users,
  };
}

/** `null`: it is nobody's that we know. */
export function toLabelled(kind: Kind, { Name, Labels }: Named): LabelledObject | null {
  const owner = readOwner(Labels);
  if (owner?.kind !== kind) return null;
  const { stack, revision, branch } = owner;
  return { kind, name: Name, stack, revision, branch };
}

/** Ids of containers; an overlay network has an endpoint of its own, `lb-<name>`. */
const CONTAINER_ID = /^[0-9a-f]{64}$/;

/** Names of what hangs on networks that are to go and is not the stack's, by id. What is to stay is not asked about. */
export async function findGuests(
  engine: Engine,
  scope: ObserveScope,
  { networks, containers }: Pick<Labelled, 'networks' | 'containers'>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const own = new Set(containers.map(({ Id }) => Id));
  const leaving = networks.filter(
    ({ Name }) => scope.leaving === true || !scope.desired.some(({ spec }) => spec['name'] === Name),
  );
  const found = await Promise.all(
    leaving.map(async ({ Id }) => {
      const network = await engine.inspectNetwork(Id, signal);
      const guests = Object.entries(network?.Containers ?? {}).filter(
        ([id]) => CONTAINER_ID.test(id) && !own.has(id),
      );
      return [Id, guests.map(([, { Name }]) => Name).sort()] as const;
    }),
  );
  return new Map(found.filter(([, guests]) => guests.length > 0));
}
