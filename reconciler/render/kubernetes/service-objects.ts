import { namesInCluster } from '../../config/kombination/checks/check-cluster.ts';
import { isNodePort } from '../../config/kombination/checks/check-cluster.ts';
import type { ClusterNode } from '../../config/kombination/node-kinds.ts';
import type { WorkloadKind } from '../../model/kubernetes/cluster-names.ts';
import { dnsName, publishedName, workloadKind } from '../../model/kubernetes/cluster-names.ts';
import { isProblem } from '../../base/problem.ts';
import type { ObjectSpec } from '../../model/kubernetes/kubernetes-object.ts';
import { canonicalJson, sha256 } from '../../base/json.ts';
import type { RestartSpec } from '../../model/docker/docker-spec.ts';
import type { Spec, SpecValue } from '../../model/secret.ts';
import { parseBytes } from '../../base/units.ts';
import { toRecord } from '../../base/values.ts';
import type { Blueprint, BlueprintService } from '../generate/blueprint.ts';
import { textOf } from '../generate/generated.ts';
import { amountOf } from './amounts.ts';
import { nonEmptySpecOf, specOf } from './fields.ts';
import type { RegistrySecret } from './registry-secret.ts';
import { claimOfVolume, fileKey } from './service-mounts.ts';
import { labelsOf, portName, portsOf } from './service-names.ts';
import { annotationsOf, imageOf, podOf } from './service-pod.ts';
import type { SecretBook } from './service-secrets.ts';
import { strategyOf } from './service-strategy.ts';

/** The sources that the objects of a stack on one cluster are made with. */
export interface ObjectsContext {
  readonly blueprint: Blueprint;
  readonly cluster: ClusterNode;
  readonly book: SecretBook;
  readonly notes: string[];
  /** Changes with what a pod reads when it starts; left out: nothing is said of it. */
  readonly digestOf?: (keys: ReadonlySet<string>) => string;
  /** Secret with the credentials of registries; left out: nobody has any. */
  readonly registrySecret?: RegistrySecret;
}

/** The workload of a service says why it looks so, the rest of its objects is found by it. */
export interface ServiceObjects {
  readonly service: BlueprintService;
  /** `null` for a job that is to run zero times. */
  readonly workload: ObjectSpec | null;
  readonly configMap: ObjectSpec | null;
  readonly services: readonly ObjectSpec[];
  readonly ingress: ObjectSpec | null;
  /** It reads something out of the Secret. */
  readonly usesSecret: boolean;
  /** Its image is pulled with credentials of the repository. */
  readonly usesRegistrySecret: boolean;
}

/** Chooses the kind of object that runs its pods. */
export function kindOf({ spec, oneShot }: BlueprintService): WorkloadKind {
  const hasVolume = (spec.mounts ?? []).some(({ type }) => type === 'volume');
  return workloadKind({ restart: spec.restart, awaited: oneShot, hasVolume });
}

/** Claims of the volumes that are made for the stack. */
export function claimsOf({ blueprint, cluster }: ObjectsContext): readonly ClaimObject[] {
  const seen = new Set<string>();
  return blueprint.volumes.flatMap((volume): readonly ClaimObject[] => {
    const name = claimOfVolume(blueprint, volume);
    if (volume.spec.external === true || seen.has(name)) return [];
    seen.add(name);
    const size = parseBytes(volume.spec.driverOpts?.['size'] ?? CLAIM_SIZE);
    const storage = isProblem(size) ? CLAIM_SIZE : amountOf(size);
    const spec = specOf({
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage } },
      storageClassName: volume.spec.driver ?? cluster.storageClass,
    });
    const metadata = { name, labels: labelsOf(blueprint.stack) };
    return [
      { volume: volume.name, object: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata, spec } },
    ];
  });
}

export interface ClaimObject {
  /** Name inside the stack. */
  readonly volume: string;
  readonly object: ObjectSpec;
}

const CLAIM_SIZE = '1Gi';

/** The objects of one service. */
export function objectsOf(service: BlueprintService, context: ObjectsContext): ServiceObjects {
  const keys = new Set<string>();
  const configMap = configMapOf(service, context);
  const workload = workloadOf(service, context, { keys, configMap });
  return {
    service,
    workload,
    configMap,
    services: servicesOf(service, context),
    ingress: ingressOf(service, context),
    usesSecret: keys.size > 0,
    usesRegistrySecret: context.registrySecret?.covers(imageOf(service)) === true,
  };
}

/** Files by a name that a key may have; which is which stands in the pod. */
function configMapOf({ name, spec }: BlueprintService, { blueprint }: ObjectsContext): ObjectSpec | null {
  const texts: [string, string][] = [];
  const binary: [string, string][] = [];
  for (const [index, file] of (spec.files ?? []).entries()) {
    if ('content' in file) continue;
    const bytes = blueprint.content(file.blob);
    const text = textOf(bytes);
    if (text === null) binary.push([fileKey(index), Buffer.from(bytes).toString('base64')]);
    else texts.push([fileKey(index), text]);
  }
  if (texts.length + binary.length === 0) return null;
  const metadata = { name: configName(blueprint, name), labels: labelsOf(blueprint.stack, name) };
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata,
    ...(texts.length > 0 ? { data: toRecord(texts) } : {}),
    ...(binary.length > 0 ? { binaryData: toRecord(binary) } : {}),
  };
}

function configName({ stack }: Blueprint, service: string): string {
  return dnsName(`${stack}-${service}-files`);
}

interface PodParts {
  readonly keys: Set<string>;
  readonly configMap: ObjectSpec | null;
}

/** Changes with what the pod only reads when it starts. */
const CONTENT = 'kombinator.io/content';
/** Nobody waits for the end of this job: that it runs is all that is wanted. */
const RUNS = 'run.kombinator.io/service';

function workloadOf(
  service: BlueprintService,
  context: ObjectsContext,
  { keys, configMap }: PodParts,
): ObjectSpec | null {
  const { name, replicas, oneShot } = service;
  const { blueprint, digestOf } = context;
  const kind = kindOf(service);
  if (kind === 'Job' && replicas === 0) return null;
  const pod = podOf(service, {
    ...context,
    keys,
    configName: configName(blueprint, name),
    pullSecrets: pullSecretsOf(service, context),
    ends: oneShot,
  });
  const labels = labelsOf(blueprint.stack, name);
  const read = digestOf && (keys.size > 0 || configMap !== null);
  const content = read ? { [CONTENT]: digestOf(keys) + contentDigest(configMap) } : {};
  const annotations = nonEmptySpecOf({ ...annotationsOf(service), ...content });
  const template = { metadata: specOf({ labels, annotations }), spec: pod };
  const runs = kind === 'Job' && !oneShot ? { annotations: { [RUNS]: 'true' } } : {};
  const metadata = { name: dnsName(name), labels, ...runs };
  if (kind === 'Job') return { apiVersion: 'batch/v1', kind, metadata, spec: jobSpec(service, template) };
  const selector = { matchLabels: labels };
  const rest = kind === 'StatefulSet' ? { serviceName: dnsName(name), podManagementPolicy: 'Parallel' } : {};
  const spec = { replicas, ...rest, ...strategyOf(service, kind), selector, template };
  return { apiVersion: 'apps/v1', kind, metadata, spec };
}

/** Returns the pull secrets of the node, and that of the stack where the image needs it. */
function pullSecretsOf(
  service: BlueprintService,
  { cluster: { pullSecrets }, registrySecret }: ObjectsContext,
): readonly string[] {
  if (registrySecret?.covers(imageOf(service)) !== true) return pullSecrets;
  return [...new Set([...pullSecrets, registrySecret.name])];
}

function contentDigest(configMap: ObjectSpec | null): string {
  if (configMap === null) return '';
  const { data = {}, binaryData = {} } = configMap;
  return `-${sha256(canonicalJson([data, binaryData] as never)).slice(0, 16)}`;
}

/** Restarts as an engine would make them: without end. */
const ENDLESS_RESTARTS = 1_000_000;

function jobSpec({ spec, replicas }: BlueprintService, template: Spec & { readonly spec: Spec }): Spec {
  const { policy, maxRetries = ENDLESS_RESTARTS }: RestartSpec = spec.restart;
  const again = policy !== 'no';
  return {
    ...(replicas > 1 ? { completions: replicas, parallelism: replicas } : {}),
    backoffLimit: again ? maxRetries : 0,
    template: { ...template, spec: { restartPolicy: again ? 'OnFailure' : 'Never', ...template.spec } },
  };
}

/** Other services find it by its names, and then whatever port its pods listen on, as in a network of an engine. */
function servicesOf(service: BlueprintService, context: ObjectsContext): readonly ObjectSpec[] {
  const { name, spec, oneShot, routedPort, model } = service;
  if (oneShot) return [];
  const { blueprint } = context;
  const labels = labelsOf(blueprint.stack, name);
  const ports = portsOf(spec, routedPort).map(({ port, protocol }) => ({
    name: portName(port, protocol),
    port,
    targetPort: port,
    protocol: protocol.toUpperCase(),
  }));
  const models = blueprint.services.map((one) => one.model);
  const named = namesInCluster(model, models).map((called): ObjectSpec => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: called, labels },
    spec: { clusterIP: 'None', selector: labels, ...(ports.length > 0 ? { ports } : {}) },
  }));
  const published = publishedOf(service, context);
  return published ? [...named, published] : named;
}

function publishedOf(
  { name, spec }: BlueprintService,
  { blueprint, cluster: { publish } }: ObjectsContext,
): ObjectSpec | null {
  const open = (spec.ports ?? []).filter(({ hostIp }) => hostIp === undefined);
  if (publish === 'none' || open.length === 0) return null;
  const labels = labelsOf(blueprint.stack, name);
  const ports = open.map(({ containerPort, hostPort = containerPort, protocol }): SpecValue => ({
    name: portName(hostPort, protocol),
    port: hostPort,
    targetPort: containerPort,
    protocol: protocol.toUpperCase(),
    ...(publish === 'node-port' && isNodePort(hostPort) ? { nodePort: hostPort } : {}),
  }));
  const type = publish === 'node-port' ? 'NodePort' : 'LoadBalancer';
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: publishedName(name), labels },
    spec: { type, selector: labels, ports },
  };
}

/** Builds the Ingress of a route; else of the labels by which a proxy beside it would be told. */
function ingressOf(service: BlueprintService, { blueprint, cluster }: ObjectsContext): ObjectSpec | null {
  const { name, host, routedPort } = service;
  const told = labelledRoute(service);
  const hosts = host === undefined ? told.hosts : [host];
  const port = routedPort ?? told.port;
  if (hosts.length === 0 || port === undefined || !Number.isInteger(port)) return null;
  const backend = { service: { name: dnsName(name), port: { number: port } } };
  const paths = [{ path: '/', pathType: 'Prefix', backend }];
  const secure = host === undefined && told.secure;
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: dnsName(name), labels: labelsOf(blueprint.stack, name) },
    spec: specOf({
      ingressClassName: cluster.ingressClass,
      tls: secure ? [{ hosts, secretName: dnsName(`${blueprint.stack}-${name}-tls`) }] : undefined,
      rules: hosts.map((one) => ({ host: one, http: { paths } })),
    }),
  };
}

function labelledRoute({ spec }: BlueprintService) {
  const labels = Object.entries(spec.labels ?? {});
  const find = (pattern: RegExp) => labels.find(([key]) => pattern.test(key))?.[1];
  const rule = find(/^traefik\.http\.routers\.[^.]+\.rule$/i) ?? '';
  const port = Number(
    find(/^traefik\.http\.services\.[^.]+\.loadbalancer\.server\.port$/i) ?? portsOf(spec)[0]?.port,
  );
  const hosts = [...rule.matchAll(/Host\(([^)]*)\)/g)].flatMap(([, list = '']) =>
    [...list.matchAll(/[`"']([^`"']+)[`"']/g)].map(([, one = '']) => one),
  );
  const secure = labels.some(([key, value]) => /\.tls(\.|$)/i.test(key) && value !== 'false');
  return { hosts, port, secure };
}
