import { defined, toRecord } from '../../model/values.ts';
import type { Blueprint, BlueprintService } from './blueprint.ts';
import { writeYaml } from './compose.ts';
import type { Generated } from '../../model/generated.ts';
import { headLines, textOf } from './generated.ts';
import { podOf } from './kubernetes-pod.ts';
import { dnsName, labelsOf, portsOf, portName } from './kubernetes-names.ts';

const CLAIM_SIZE = '1Gi';

/**
 * Manifests of a stack: a Deployment for each service, a StatefulSet where it has volumes, a Job where others wait for
 * its end; Services, claims, ConfigMaps and Ingresses as they are needed. Secrets are references to one Secret that is not among them.
 */
export function generateKubernetes(blueprint: Blueprint): Generated {
  const notes: string[] = [];
  const objects = [
    ...claimsOf(blueprint),
    ...blueprint.services.flatMap((service) => configMapOf(service, blueprint)),
    ...blueprint.services.map((service) => workloadOf(service, blueprint, notes)),
    ...blueprint.services.flatMap(serviceOf(blueprint)),
    ...blueprint.services.flatMap((service) => ingressOf(service, blueprint)),
  ];
  const variables = blueprint.variables.list();
  if (variables.length > 0) {
    const literals = variables.map(({ name }) => `--from-literal=${name}=…`).join(' ');
    notes.push(`wanted is: kubectl create secret generic ${secretName(blueprint)} ${literals}`);
  }
  const nodes = new Set(blueprint.services.map(({ target }) => target));
  if (nodes.size > 1) notes.push('which node a service runs on is not said; a cluster chooses');
  const head = headLines(blueprint.file, notes).map((line) => `# ${line}\n`);
  const text = objects.map(writeYaml).join('---\n');
  return { files: [{ path: 'manifests.yaml', content: `${head.join('')}${text}` }], notes };
}

function secretName({ stack }: Blueprint): string {
  return `${dnsName(stack)}-secrets`;
}

function claimName(blueprint: Blueprint, volume: string): string {
  return dnsName(`${blueprint.stack}-${volume}`);
}

function claimsOf(blueprint: Blueprint): readonly object[] {
  const names = [...new Set(blueprint.volumes.filter(({ spec }) => !spec.external).map(({ name }) => name))];
  return names.map((name) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: claimName(blueprint, name), labels: labelsOf(blueprint.stack) },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: CLAIM_SIZE } } },
  }));
}

/** Files by a name that a key may have; which is which stands in the pod. */
function configMapOf({ name, spec }: BlueprintService, blueprint: Blueprint): readonly object[] {
  const texts: [string, string][] = [];
  const binary: [string, string][] = [];
  for (const [index, file] of (spec.files ?? []).entries()) {
    if ('content' in file) continue;
    const bytes = blueprint.content(file.blob);
    const text = textOf(bytes);
    if (text === null) binary.push([`file-${index + 1}`, Buffer.from(bytes).toString('base64')]);
    else texts.push([`file-${index + 1}`, text]);
  }
  if (texts.length + binary.length === 0) return [];
  return [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: configName(blueprint, name), labels: labelsOf(blueprint.stack, name) },
      ...(texts.length > 0 ? { data: toRecord(texts) } : {}),
      ...(binary.length > 0 ? { binaryData: toRecord(binary) } : {}),
    },
  ];
}

function configName({ stack }: Blueprint, service: string): string {
  return dnsName(`${stack}-${service}-files`);
}

function workloadOf(service: BlueprintService, blueprint: Blueprint, notes: string[]): object {
  const { name, spec, oneShot, replicas } = service;
  const labels = labelsOf(blueprint.stack, name);
  const metadata = { name: dnsName(name), labels };
  const pod = podOf(service, {
    blueprint,
    notes,
    secretName: secretName(blueprint),
    configName: configName(blueprint, name),
    claimName: (volume) => claimName(blueprint, volume),
  });
  const template = { metadata: { labels }, spec: pod };
  if (oneShot || spec.restart.policy === 'no') {
    return {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata,
      spec: { template: { ...template, spec: { restartPolicy: 'Never', ...pod } } },
    };
  }
  const selector = { matchLabels: labels };
  const stateful = (spec.mounts ?? []).some(({ type }) => type === 'volume');
  return {
    apiVersion: 'apps/v1',
    kind: stateful ? 'StatefulSet' : 'Deployment',
    metadata,
    spec: { replicas, ...(stateful ? { serviceName: dnsName(name) } : {}), selector, template },
  };
}

/** Other services find it by its name, as in the stack. */
function serviceOf({ stack }: Blueprint): (service: BlueprintService) => readonly object[] {
  return ({ name, spec, oneShot }) => {
    const ports = portsOf(spec);
    if (oneShot || spec.restart.policy === 'no') return [];
    const stateful = (spec.mounts ?? []).some(({ type }) => type === 'volume');
    if (ports.length === 0 && !stateful) return [];
    const labels = labelsOf(stack, name);
    return [
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: dnsName(name), labels },
        spec: defined({
          clusterIP: ports.length === 0 ? 'None' : undefined,
          selector: labels,
          ports:
            ports.length === 0
              ? undefined
              : ports.map(({ port, protocol }) => ({
                  name: portName(port, protocol),
                  port,
                  targetPort: port,
                  protocol: protocol.toUpperCase(),
                })),
        }),
      },
    ];
  };
}

/** From the labels by which the proxy of the stack is told. */
function ingressOf({ name, spec }: BlueprintService, { stack }: Blueprint): readonly object[] {
  const labels = Object.entries(spec.labels ?? {});
  const find = (pattern: RegExp) => labels.find(([key]) => pattern.test(key))?.[1];
  const rule = find(/^traefik\.http\.routers\.[^.]+\.rule$/i) ?? '';
  const port = Number(
    find(/^traefik\.http\.services\.[^.]+\.loadbalancer\.server\.port$/i) ?? portsOf(spec)[0]?.port,
  );
  const hosts = [...rule.matchAll(/Host\(([^)]*)\)/g)].flatMap(([, list = '']) =>
    [...list.matchAll(/[`"']([^`"']+)[`"']/g)].map(([, host = '']) => host),
  );
  if (hosts.length === 0 || !Number.isInteger(port)) return [];
  const secure = labels.some(([key, value]) => /\.tls(\.|$)/i.test(key) && value !== 'false');
  const backend = { service: { name: dnsName(name), port: { number: port } } };
  const paths = [{ path: '/', pathType: 'Prefix', backend }];
  return [
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: dnsName(name), labels: labelsOf(stack, name) },
      spec: {
        ...(secure ? { tls: [{ hosts, secretName: dnsName(`${stack}-${name}-tls`) }] } : {}),
        rules: hosts.map((host) => ({ host, http: { paths } })),
      },
    },
  ];
}
