import { isNodePort, namesInCluster } from '../../config/kombination/checks/check-cluster.ts';
import { dnsName, publishedName } from '../../model/kubernetes/cluster-names.ts';
import { isWildcard } from '../../model/docker/ports.ts';
import { isProblem } from '../../base/problem.ts';
import type { ObjectSpec } from '../../model/kubernetes/kubernetes-object.ts';
import type { SpecValue } from '../../model/secret.ts';
import { parseBytes } from '../../base/units.ts';
import { toRecord } from '../../base/values.ts';
import type { BlueprintService } from '../generate/blueprint.ts';
import { textOf } from '../generate/generated.ts';
import { amountOf } from './amounts.ts';
import { specOf } from './fields.ts';
import type { ObjectsContext } from './objects-context.ts';
import { claimOfVolume, fileKey } from './service-mounts.ts';
import { configName, labelsOf, portName, portsOf } from './service-names.ts';
import { imageOf } from './service-pod.ts';
import { workloadOf } from './service-workload.ts';

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
  // One port for both families of addresses, which engines may be told one by one.
  const open = new Map(
    (spec.ports ?? [])
      .filter(({ hostIp }) => isWildcard(hostIp))
      .map((port) => [portName(port.hostPort ?? port.containerPort, port.protocol), port]),
  );
  if (publish === 'none' || open.size === 0) return null;
  const labels = labelsOf(blueprint.stack, name);
  const ports = [...open].map(
    ([called, { containerPort, hostPort = containerPort, protocol }]): SpecValue => ({
      name: called,
      port: hostPort,
      targetPort: containerPort,
      protocol: protocol.toUpperCase(),
      ...(publish === 'node-port' && isNodePort(hostPort) ? { nodePort: hostPort } : {}),
    }),
  );
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
