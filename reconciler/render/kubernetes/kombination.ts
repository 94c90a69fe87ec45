import type { Analysis } from '../../config/kombination/analyze.ts';
import { namespaceOf } from '../../config/kombination/cluster-node.ts';
import type { ClusterNode } from '../../config/kombination/cluster-model.ts';
import { dnsName } from '../../model/kubernetes/cluster-names.ts';
import type { Position } from '../../base/diagnostic.ts';
import type { NodeModel } from '../../config/kombination/kombination.ts';
import type { ObjectSpec } from '../../model/kubernetes/kubernetes-object.ts';
import {
  isGuarded,
  objectId,
  qualifiedKind,
  qualifiedName,
  stableTimeOf,
} from '../../model/kubernetes/kubernetes-object.ts';
import type { Dependency, DesiredResource, ResourceId } from '../../model/resource.ts';
import { hashSpec, resourceId } from '../../model/resource.ts';
import { replicaName, replicaNumbers } from '../../model/rollout.ts';
import type { RegistryCredentials } from '../../model/registry.ts';
import type { Secret } from '../../model/secret.ts';
import { compareText, own } from '../../base/values.ts';
import { healthTimeout, TO_END } from '../container.ts';
import type { Blueprint, BlueprintService } from '../generate/blueprint.ts';
import { markKnown } from '../generate/variables.ts';
import { buildBlueprint } from '../generate/blueprint.ts';
import { createPositionOf } from '../names.ts';
import { createRegistrySecret } from './registry-secret.ts';
import { labelsOf } from './service-names.ts';
import type { ServiceObjects } from './service-objects.ts';
import { claimsOf, objectsOf } from './service-objects.ts';
import { imageOf } from './service-pod.ts';
import type { FilledBook } from './service-secrets.ts';
import { createFilledBook } from './service-secrets.ts';

export interface RenderClusterOptions {
  readonly analysis: Analysis;
  /** Repository path of the kombination. */
  readonly file: string;
  /** `undefined` for references that lead nowhere. */
  readonly lookup: (reference: string) => Secret | undefined;
  /** Content of a file of the repository, or of a text in the document. */
  readonly content: (blob: string) => Uint8Array;
  /** Credentials with the passwords of this moment. */
  readonly registries: readonly RegistryCredentials[];
}

export interface ClusterRendering {
  readonly resources: readonly DesiredResource[];
  /** Workload by the id that the container of its service would have; `null` when nothing runs. */
  readonly workloads: ReadonlyMap<ResourceId, ResourceId | null>;
}

/** Namespaces that every cluster has. */
const GIVEN = new Set(['default', 'kube-system', 'kube-public', 'kube-node-lease']);
/** A rollout may pull images and wait for probes: 5 minutes. */
const WORKLOAD_TIMEOUT_MS = 300_000;

/**
 * The Kubernetes objects of the services that run on clusters. Pure: the same input gives the same resources in the same
 * order.
 */
export function renderClusters(options: RenderClusterOptions): ClusterRendering {
  const { analysis, file, content, lookup } = options;
  const nodes = analysis.kombination.nodes.filter(({ cluster }) => cluster !== undefined);
  const inUse = nodes.filter(({ name }) => analysis.kombination.services.some(({ node }) => node === name));
  if (inUse.length === 0) return { resources: [], workloads: new Map() };
  const blueprint = buildBlueprint(analysis, file, content, markKnown(lookup));
  const parts = inUse.map((node) => buildNode(node, blueprint, options));
  const workloads = new Map(parts.flatMap((part) => [...part.workloads]));
  const resources = parts.flatMap((part) => renderNode(part, { ...options, workloads }));
  return { resources, workloads };
}

/** Makes a service on a machine wait for what it needs when that is on a cluster. */
export function withWorkloads(
  resource: DesiredResource,
  workloads: ClusterRendering['workloads'],
): DesiredResource {
  const dependsOn = resource.dependsOn.flatMap((dependency): readonly Dependency[] => {
    const id = workloads.get(dependency.id);
    if (id === undefined) return [dependency];
    return id === null ? [] : [{ ...dependency, id }];
  });
  return { ...resource, dependsOn };
}

interface NodePart {
  readonly node: NodeModel;
  readonly namespace: string;
  readonly blueprint: Blueprint;
  readonly book: FilledBook;
  readonly registrySecret: ObjectSpec | null;
  readonly claims: ReturnType<typeof claimsOf>;
  readonly services: readonly ServiceObjects[];
  readonly workloads: ReadonlyMap<ResourceId, ResourceId | null>;
}

/** The name of the Secret of a stack. */
export function secretNameOf(stack: string): string {
  return `${dnsName(stack)}-secrets`;
}

function buildNode(
  node: NodeModel,
  whole: Blueprint,
  { lookup, registries }: RenderClusterOptions,
): NodePart {
  const cluster = clusterIn(node);
  const blueprint = onNode(whole, node.name);
  const namespace = namespaceOf(node, whole.stack);
  const book = createFilledBook(secretNameOf(whole.stack), whole.variables, lookup);
  const digestOf = (keys: ReadonlySet<string>) => book.digest(keys);
  const pulling = createRegistrySecret(whole.stack, registries);
  const context = { blueprint, cluster, book, notes: [], digestOf, registrySecret: pulling };
  const services = blueprint.services.map((service) => objectsOf(service, context));
  const workloads = services.flatMap(({ service, workload }) => {
    const id = workload && objectId(node.name, refer(workload, namespace));
    return containerIds(service).map((container) => [container, id] as const);
  });
  const images = services.flatMap(({ service, workload }) => (workload ? [imageOf(service)] : []));
  const registrySecret = pulling.objectFor(images, labelsOf(whole.stack));
  const claims = claimsOf(context);
  const byContainer = new Map(workloads);
  return { node, namespace, blueprint, book, registrySecret, services, claims, workloads: byContainer };
}

function clusterIn({ name, cluster }: NodeModel): ClusterNode {
  if (!cluster) throw new Error(`internal: ${name} is no cluster`);
  return cluster;
}

function onNode(whole: Blueprint, target: string): Blueprint {
  const here = (part: { readonly target: string }) => part.target === target;
  return { ...whole, services: whole.services.filter(here), volumes: whole.volumes.filter(here) };
}

function containerIds({ name, target, replicas }: BlueprintService): readonly ResourceId[] {
  const numbers = replicaNumbers(Math.max(1, replicas));
  return numbers.map((number) => resourceId(target, 'container', replicaName(name, number)));
}

interface Rendering extends RenderClusterOptions {
  readonly workloads: ClusterRendering['workloads'];
}

function renderNode(part: NodePart, options: Rendering): readonly DesiredResource[] {
  const { node, namespace, claims, services, registrySecret } = part;
  const { document, kombination } = options.analysis;
  const positionOf = createPositionOf(document, options.file);
  const atNode = positionOf(node.path);
  const space: ObjectSpec = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
  const needsSpace = !GIVEN.has(namespace);
  const spaces = needsSpace ? [{ ...toResource(node.name, space, atNode), shared: true }] : [];
  const first = spaces.map(({ id }) => id);
  const add = (object: ObjectSpec, origin: Position, needs: readonly Dependency[] = []): DesiredResource =>
    toResource(node.name, inNamespace(object, namespace), origin, [...first.map(applied), ...needs]);
  const secret = secretOf(part);
  const secrets = secret ? [add(secret, atNode)] : [];
  const credentials = registrySecret ? [add(registrySecret, atNode)] : [];
  const claimed = claims.map(({ volume, object }) => {
    const path = own(kombination.volumes, volume)?.path;
    return { volume, resource: add(object, path ? positionOf(path) : atNode) };
  });
  const served = services.flatMap((objects) => {
    const { service, workload, configMap, ingress } = objects;
    const origin = positionOf(service.model.path);
    const config = configMap ? [add(configMap, origin)] : [];
    const named = objects.services.map((object) => add(object, origin));
    const read = [...(objects.usesSecret ? secrets : []), ...(objects.usesRegistrySecret ? credentials : [])];
    const before = [...config, ...named, ...read, ...claimsUsed(objects, claimed)];
    const needs = [...before.map(({ id }) => applied(id)), ...waitsFor(service, options)];
    const runs = workload ? [withTimeout(add(workload, origin, needs), service)] : [];
    const routed = ingress
      ? [
          add(
            ingress,
            origin,
            named.map(({ id }) => applied(id)),
          ),
        ]
      : [];
    return [...config, ...named, ...runs, ...routed];
  });
  return [...spaces, ...secrets, ...credentials, ...claimed.map(({ resource }) => resource), ...served];
}

function applied(id: ResourceId): Dependency {
  return { id, until: 'applied' };
}

function secretOf({ book, blueprint }: NodePart): ObjectSpec | null {
  const data = book.values();
  if (Object.keys(data).length === 0) return null;
  const labels = { 'app.kubernetes.io/part-of': blueprint.stack };
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: book.name, labels }, type: 'Opaque', data };
}

function inNamespace(object: ObjectSpec, namespace: string): ObjectSpec {
  return { ...object, metadata: { ...object.metadata, namespace } };
}

function refer({ apiVersion, kind, metadata }: ObjectSpec, namespace: string) {
  return { apiVersion, kind, name: metadata.name, namespace };
}

function claimsUsed(
  { service }: ServiceObjects,
  claims: readonly { readonly volume: string; readonly resource: DesiredResource }[],
): readonly DesiredResource[] {
  const used = new Set(
    service.model.mounts.flatMap(({ mount }) => (mount.type === 'volume' ? [mount.source] : [])),
  );
  return claims.filter(({ volume }) => used.has(volume)).map(({ resource }) => resource);
}

/** Other services, wherever they run. */
function waitsFor({ name }: BlueprintService, { analysis, workloads }: Rendering): readonly Dependency[] {
  return (analysis.dependencies.get(name) ?? []).flatMap(({ target, until }) =>
    replicaNumbers(Math.max(1, target.replicas ?? 1)).flatMap((number): readonly Dependency[] => {
      const container = resourceId(target.node, 'container', replicaName(target.name, number));
      const id = workloads.get(container);
      if (id === null || target.replicas === 0) return [];
      return [{ id: id ?? container, until }];
    }),
  );
}

function withTimeout(resource: DesiredResource, { spec }: BlueprintService): DesiredResource {
  const own = healthTimeout(spec.healthcheck) ?? 0;
  const toEnd = resource.kind === 'Job' ? {} : { toEnd: TO_END };
  return { ...resource, healthTimeoutMs: Math.max(WORKLOAD_TIMEOUT_MS, own), ...toEnd };
}

function toResource(
  target: string,
  spec: ObjectSpec,
  origin: Position,
  needs: readonly Dependency[] = [],
): DesiredResource {
  const { metadata } = spec;
  const reference = { apiVersion: spec.apiVersion, kind: spec.kind, name: metadata.name };
  const place =
    metadata.namespace === undefined ? reference : { ...reference, namespace: metadata.namespace };
  const unique = new Map(needs.map((one) => [`${one.id} ${one.until}`, one]));
  return {
    id: objectId(target, place),
    target,
    kind: qualifiedKind(spec),
    name: qualifiedName(place),
    spec,
    hash: hashSpec(spec, []),
    updatable: Object.keys(spec),
    dependsOn: [...unique.values()].sort((a, b) => compareText(a.id, b.id)),
    origin,
    ...stableTimeOf(spec),
    ...(isGuarded(spec) && spec.kind !== 'Namespace' ? { guarded: true } : {}),
  };
}
