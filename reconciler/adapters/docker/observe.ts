import type { ContainerInfo, ContainerInspectInfo, ImageInfo, NetworkInspectInfo } from 'dockerode';
import type { JsonObject } from '../../base/json.ts';
import { canonicalJson } from '../../base/json.ts';
import { placeOfOrigin } from '../../model/git/source-root.ts';
import type { DesiredResource, Health, ObservedResource } from '../../model/resource.ts';
import { maskSpec } from '../../model/secret.ts';
import type { Observation, ObserveScope } from '../../ports/target.ts';
import type { Adapter, Traits } from './adapter.ts';
import { mapBounded } from './bounded.ts';
import { observeBuilt } from './images/built-images.ts';
import type { ContainerGroup, OwnedContainer } from './containers/container-group.ts';
import { groupContainers, isAside, membersOf } from './containers/container-group.ts';
import { readContainerHealth } from './containers/read-container-health.ts';
import { leftNetwork, readLive, renderObserved } from './containers/container-drift.ts';
import { readStaleSharing } from './containers/container-sharing.ts';
import type { EngineVolume } from './engine/engine.ts';
import { describeUnmet } from './engine/engine-needs.ts';
import { forget, withAdoption } from './adopted/adopt-scope.ts';
import { observeAsBuilt } from './adopted/as-built.ts';
import { readAdopted, withRestartOf } from './adopted/read-adopted.ts';
import { fingerprint } from './fingerprint.ts';
import { canMove } from './images/fetch-image.ts';
import type { MovedQuestion } from './images/image.ts';
import { fitsPlatform, movedDigest } from './images/image.ts';
import type { Owner } from './labels.ts';
import { LABEL, readOwner } from './labels.ts';
import { findDiffering } from './secrets/differing.ts';
import { maskOf, rememberSecretTexts } from './secrets/secret-texts.ts';
import { builtImageSpec, imageSpec, isContainerSpec, networkSpec, volumeSpec } from './containers/specs.ts';
import { findGuests, followClaims, wantersOf } from './networks-and-volumes/claimed.ts';
import { keptNetwork } from './networks-and-volumes/doubles.ts';
import { observeTaken, refused } from './taken-names.ts';
import { asText } from '../../base/values.ts';

/** More only makes an engine on a small machine slower. */
const PARALLEL_CALLS = 4;

/** Everything the stack owns on the engine, and what it wants to know about images and external objects. Never writes. */
export async function observeStack(
  adapter: Adapter,
  scope: ObserveScope,
  signal: AbortSignal,
): Promise<Observation> {
  return withAdoption(adapter, scope, () => look(adapter, scope, signal));
}

async function look(adapter: Adapter, scope: ObserveScope, signal: AbortSignal): Promise<Observation> {
  const { engine } = adapter;
  rememberSecretTexts(adapter, scope.stack, scope.desired);
  const [containers, networks, volumes, built, images, externals, traits] = await Promise.all([
    engine.listContainers(scope.stack, signal),
    engine.listNetworks(scope.stack, signal),
    engine.listVolumes(scope.stack, signal),
    engine.listImages(scope.stack, signal),
    observeImages(adapter, scope, signal),
    observeExternals(adapter, scope.desired, signal),
    adapter.traits(signal),
  ]);
  const claimed = await followClaims(engine, scope, { networks, volumes, containers }, signal);
  for (const { Name } of [...claimed.networks, ...claimed.volumes])
    adapter.stacksByName.set(Name, scope.stack);
  const inUse = new Set(containers.flatMap(({ NetworkSettings }) => idsOfNetworks(NetworkSettings)));
  const byName = Map.groupBy(claimed.networks, ({ Name }) => Name);
  const isUsed = (id: string): boolean => inUse.has(id);
  const kept = [...byName.values()].map((doubles) => ({ network: keptNetwork(doubles, isUsed), doubles }));
  const networkIds = new Map(kept.map(({ network: { Name, Id } }) => [Name, Id]));
  const imageIds = new Map([...images.ids, ...idsOf(built)]);
  const view: ContainerView = { adapter, traits, networkIds, imageIds, desired: scope.desired };
  const groups = [...groupContainers(containers).values()];
  const observedContainers = await mapBounded(groups, PARALLEL_CALLS, (group) =>
    observeGroup(view, group, signal),
  );
  const leaving = { networks: kept.map(({ network }) => network), containers };
  const guests = await findGuests(engine, scope, leaving, signal);
  const waiting = claimed.awaited.flatMap(({ desired, refusal }) =>
    desired.map((one) => refused(one, refusal)),
  );
  const owned = [
    ...kept.flatMap((one) => observeNetwork(one, scope, guests)),
    ...claimed.volumes.flatMap((volume) => observeVolume(volume, scope)),
    ...waiting,
    ...observeBuilt(built, scope.desired),
    ...images.resources,
    ...externals,
    ...observedContainers.flat(),
  ];
  owned.push(...observeAsBuilt(adapter.adoptions.ofStack(scope.stack), scope.desired, owned));
  const present = new Set(owned.map(({ id }) => id));
  const taken = await observeTaken(engine, scope, present, signal);
  adapter.awaited.replace(scope.stack, [
    ...awaitedKeys(scope.desired, [...taken, ...externals]),
    ...kept.flatMap(({ network: { Id, Name } }) => (guests.has(Id) ? [`network/${Name}`] : [])),
    ...claimed.awaited.flatMap(({ users }) => users.map((name) => `container/${name}`)),
  ]);
  if (containers.length + networks.length === 0) forget(adapter, scope);
  const resources = [...owned, ...taken];
  resources.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  const { engineId } = traits;
  const warnings = [...images.warnings, ...describeUnmet(scope.desired, traits.api)];
  return { resources, warnings, ...(engineId === '' ? {} : { engine: engineId }) };
}

/** A built image is known by the name that tells what is in it. */
function* idsOf(images: readonly ImageInfo[]): Generator<readonly [string, string]> {
  for (const { RepoTags, Id } of images) for (const name of RepoTags ?? []) yield [name, Id];
}

interface ContainerView {
  readonly adapter: Adapter;
  readonly traits: Traits;
  readonly networkIds: ReadonlyMap<string, string>;
  /** Ids of local images by the reference that the stack uses. */
  readonly imageIds: ReadonlyMap<string, string>;
  readonly desired: readonly DesiredResource[];
}

async function observeGroup(
  view: ContainerView,
  group: ContainerGroup,
  signal: AbortSignal,
): Promise<ObservedResource[]> {
  const container = group.current ?? group.next ?? group.strays[0];
  const inspect = container && (await view.adapter.engine.inspectContainer(container.id, signal));
  // Gone between the list and now: as if it had not been listed.
  if (!container || !inspect) return [];
  const members = membersOf(group);
  const madeRoom = isAside(container);
  const interrupted = members.length > 1 || container !== group.current || madeRoom;
  // We give two names only, so what is alone under a third one was renamed.
  const renamed = members.length === 1 && container === group.strays[0] ? { renamed: container.name } : {};
  const stale = await readStaleSharing(view.adapter.engine, inspect, container.owner.spec, signal);
  const health = await readHealth(view.adapter, container.owner, inspect, signal);
  const identities = identitiesOf(container.owner, container.owner.spec['name'], view.desired);
  return mapBounded(identities, 1, async (identity) => {
    const wanted = identity.desired && maskSpec(identity.desired.spec);
    const isAdopted = container.info.Labels[LABEL.adopted] !== undefined;
    const read = { stack: container.owner.stack, desired: identity.desired, inspect };
    const adopted = isAdopted ? await readAdopted(view.adapter, read, signal) : null;
    const made =
      adopted === null ? container : { ...container, owner: { ...container.owner, spec: adopted.spec } };
    const place = adopted?.isAsBuilt ? { ...view, imageIds: new Map<string, string>() } : view;
    const live = renderContainer(place, made, inspect, { wanted, health });
    const left = wanted !== null && isContainerSpec(wanted) ? leftNetwork(inspect, wanted) : null;
    const spec = { ...live.spec, ...(left === null ? {} : { networkMode: left }), ...stale };
    const rendered = { ...live, spec: adopted === null ? spec : withRestartOf(spec, wanted) };
    const up = inspect.State.Running && !inspect.State.Paused;
    const ids = members.map(({ id }) => id);
    const differing = identity.desired
      ? (adopted?.differing ?? (await findDiffering(view.adapter, identity.desired, inspect, signal)))
      : [];
    const hash = adopted?.isSame ? (identity.desired?.hash ?? null) : container.owner.hash;
    const basis = [
      ...ids,
      hash ?? '',
      inspect.Image,
      up ? 'up' : 'down',
      ...(interrupted ? [container.name] : []),
      canonicalJson(rendered.spec),
    ];
    return {
      ...identity.base,
      hash,
      ...rendered,
      objectId: container.id,
      interrupted,
      ...(madeRoom || (group.current !== null && group.next !== null) ? { replacing: true } : {}),
      ...renamed,
      ...(differing.length > 0 ? { differing } : {}),
      fingerprint: fingerprint(basis),
    };
  });
}

/** Health with a reason that anybody may read. */
async function readHealth(
  adapter: Adapter,
  owner: Owner,
  inspect: ContainerInspectInfo,
  signal: AbortSignal,
): Promise<Health> {
  const health = await readContainerHealth(adapter, inspect, signal);
  if (health.reason === undefined) return health;
  const mask = await maskOf(adapter, owner, { inspect, what: 'message' }, signal);
  return { ...health, reason: mask(health.reason) };
}

function renderContainer(
  { traits, networkIds, imageIds }: ContainerView,
  { owner, info }: OwnedContainer,
  inspect: ContainerInspectInfo,
  { wanted, health }: { readonly wanted: JsonObject | null; readonly health: Health },
): Pick<ObservedResource, 'spec' | 'health' | 'detail'> {
  const rendered = renderObserved(owner.spec, wanted, readLive(inspect, traits, networkIds));
  const reference = typeof rendered['image'] === 'string' ? rendered['image'] : '';
  const localId = imageIds.get(reference);
  const imageMoved = localId !== undefined && localId !== inspect.Image;
  const spec = imageMoved ? { ...rendered, image: `${reference}@${inspect.Image.slice(0, 19)}` } : rendered;
  const detail = {
    containerId: inspect.Id,
    imageId: inspect.Image,
    imageMoved,
    state: inspect.State.Status,
    startedAt: inspect.State.StartedAt,
    restarts: inspect.RestartCount,
    ports: info.Ports.filter(({ PublicPort }) => PublicPort).map(
      ({ IP, PublicPort, PrivatePort, Type }) => `${IP ? `${IP}:` : ''}${PublicPort}:${PrivatePort}/${Type}`,
    ),
  };
  return { spec, health, detail };
}

type Base = Pick<ObservedResource, 'id' | 'target' | 'kind' | 'name' | 'hash' | 'revision' | 'root'>;

interface Identity {
  readonly base: Base;
  readonly desired: DesiredResource | null;
}

/**
 * The resources that an object stands for: those desired ones that are called as its labels say and want an object of its name (a node
 * may have been renamed, or two nodes share an engine), else the one its labels name.
 */
function identitiesOf(owner: Owner, name: unknown, all: readonly DesiredResource[]): readonly Identity[] {
  const { hash, revision } = owner;
  const from = placeOfOrigin(owner.branch);
  const wanting = all.filter(
    (one) =>
      one.id === owner.id ||
      (one.kind === owner.kind && one.name === owner.name && one.spec['name'] === name),
  );
  const desired: readonly (DesiredResource | null)[] = wanting.length > 0 ? wanting : [null];
  return desired.map((resource) => {
    const { id, target, kind, name } = resource ?? owner;
    return { base: { id, target, kind, name, hash, revision, ...from }, desired: resource };
  });
}

/** The resources that a network or volume stands for: one that was handed over has nothing but its name from before. */
function basesOf(
  owner: Owner,
  objectName: string,
  scope: ObserveScope,
): readonly (Base & Pick<ObservedResource, 'madeBy'>)[] {
  const { hash, revision, stack } = owner;
  if (stack === scope.stack) return identitiesOf(owner, objectName, scope.desired).map(({ base }) => base);
  return wantersOf(scope, owner.kind, objectName).map(({ id, target, kind, name }) => {
    return { id, target, kind, name, hash, revision, ...placeOfOrigin(owner.branch), madeBy: stack };
  });
}

function idsOfNetworks(settings: ContainerInfo['NetworkSettings'] | undefined): readonly string[] {
  return Object.values(settings?.Networks ?? {}).map(({ NetworkID }) => NetworkID);
}

interface KeptNetwork {
  readonly network: NetworkInspectInfo;
  /** All of its name, itself included: more than one when a process was killed while the engine made it. */
  readonly doubles: readonly NetworkInspectInfo[];
}

function observeNetwork(
  { network, doubles }: KeptNetwork,
  scope: ObserveScope,
  guests: ReadonlyMap<string, readonly string[]>,
): ObservedResource[] {
  const owner = readOwner(network.Labels);
  if (owner?.kind !== 'network') return [];
  const heldBy = guests.get(network.Id);
  const basis = [...doubles.map(({ Id }) => Id).sort(), owner.hash ?? '', ...(heldBy ?? [])];
  return basesOf(owner, network.Name, scope).map((base) => ({
    ...base,
    ...(heldBy === undefined ? {} : { heldBy }),
    spec: owner.spec,
    health: { status: 'healthy' },
    objectId: network.Id,
    fingerprint: fingerprint(basis),
    interrupted: doubles.length > 1,
    detail: { networkId: network.Id, driver: network.Driver },
  }));
}

function observeVolume(volume: EngineVolume, scope: ObserveScope): ObservedResource[] {
  const owner = readOwner(volume.Labels);
  if (owner?.kind !== 'volume') return [];
  return basesOf(owner, volume.Name, scope).map((base) => ({
    ...base,
    spec: owner.spec,
    health: { status: 'healthy' },
    objectId: volume.Name,
    fingerprint: fingerprint([volume.Name, owner.hash ?? '']),
    interrupted: false,
    guarded: true,
    detail: { driver: volume.Driver },
  }));
}

/** Networks and volumes that somebody else makes: present or `missing`. */
async function observeExternals(
  { engine }: Adapter,
  desired: readonly DesiredResource[],
  signal: AbortSignal,
): Promise<ObservedResource[]> {
  const externals = desired.filter(({ spec }) => spec['external'] === true);
  return mapBounded(externals, PARALLEL_CALLS, async (resource) => {
    const { name } = resource.kind === 'network' ? networkSpec(resource) : volumeSpec(resource);
    const found =
      resource.kind === 'network'
        ? ((await engine.inspectNetwork(name, signal))?.Id ?? null)
        : ((await engine.inspectVolume(name, signal))?.Name ?? null);
    const health =
      found === null
        ? ({ status: 'missing', reason: `${resource.kind} ${name} is external and does not exist` } as const)
        : ({ status: 'healthy' } as const);
    return sharedResource(resource, maskSpec(resource.spec), health, found ?? 'missing');
  });
}

/** Names what the stack waits for: what is missing although it is somebody else's to make, or somebody else bears its name. */
function awaitedKeys(
  desired: readonly DesiredResource[],
  seen: readonly ObservedResource[],
): readonly string[] {
  const missing = new Set(seen.flatMap(({ id, health }) => (health.status === 'missing' ? [id] : [])));
  return desired.flatMap(({ id, kind, spec }) =>
    missing.has(id) && typeof spec['name'] === 'string' ? [`${kind}/${spec['name']}`] : [],
  );
}

interface ObservedImages {
  readonly resources: readonly ObservedResource[];
  readonly ids: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
}

async function observeImages(
  adapter: Adapter,
  { desired, newest = false }: Pick<ObserveScope, 'desired' | 'newest'>,
  signal: AbortSignal,
): Promise<ObservedImages> {
  const ids = new Map<string, string>();
  const warnings: string[] = [];
  const wanted = desired.filter((resource) => resource.kind === 'image' && !builtImageSpec(resource));
  const resources = await mapBounded(wanted, PARALLEL_CALLS, async (resource) => {
    const spec = imageSpec(resource);
    const image = await adapter.engine.inspectImage(spec.reference, signal);
    if (image === null || !fitsPlatform(image, spec.platform)) return null;
    ids.set(spec.reference, image.Id);
    const isLookedFor = canMove(spec) && (newest || spec.pullPolicy === 'always');
    const question = { reference: spec.reference, image, isAsked: newest };
    const moved = isLookedFor ? await lookForMoved(adapter, question, { signal, warnings }) : null;
    const reference = moved === null ? spec.reference : `${spec.reference}@${moved.here}`;
    const observed = { ...maskSpec(resource.spec), reference };
    const identity = moved === null ? `${image.Id} ` : `${image.Id} ${moved.here} ${moved.there}`;
    const seen = sharedResource(resource, observed, { status: 'healthy' }, identity);
    return moved === null ? seen : { ...seen, moved };
  });
  return { resources: resources.filter((resource) => resource !== null), ids, warnings };
}

/** Asks what a tag stands for at its registry; one that does not answer keeps nobody from anything. */
async function lookForMoved(
  adapter: Adapter,
  question: MovedQuestion,
  { signal, warnings }: { signal: AbortSignal; warnings: string[] },
): Promise<NonNullable<ObservedResource['moved']> | null> {
  try {
    return await movedDigest(adapter, question, signal);
  } catch (error) {
    signal.throwIfAborted();
    const reason = error instanceof Error ? error.message : asText(error);
    const { reference } = question;
    warnings.push(`cannot tell whether ${reference} has moved, keeping what is here: ${reason}`);
    return null;
  }
}

function sharedResource(
  { id, target, kind, name, hash }: DesiredResource,
  spec: JsonObject,
  health: ObservedResource['health'],
  identity: string,
): ObservedResource {
  const base = { id, target, kind, name, hash, revision: null, spec, health };
  return { ...base, fingerprint: fingerprint([identity, health.status]), interrupted: false, shared: true };
}
