import type { Spec, SpecValue } from '../../../model/secret.ts';
import type { Fields } from '../../../base/values.ts';
import { asFields, asList, own } from '../../../base/values.ts';
import type { FilledNode } from '../../../config/workflow/workflow-values.ts';
import { compact, isSet, pick, textMap, textOf, toSpec, toSpecValue } from '../fields.ts';

export function renderService({ data }: FilledNode): Spec {
  const type = textOf(data['type']) ?? textOf(data['serviceType']) ?? 'ClusterIP';
  const written = asList(data['ports']) ?? [];
  const ports = written.length > 0 ? written.map(asFields) : [pick(data, 'port', 'targetPort')];
  const selector = isSet(data['selector']) ? textMap(data['selector']) : { app: textOf(data['targetApp']) };
  const sticky = data['sessionAffinity'] === 'ClientIP';
  return {
    type,
    selector: toSpecValue(selector),
    ports: ports.map((port) => renderPort(port ?? {})),
    ...(sticky
      ? {
          sessionAffinity: 'ClientIP',
          sessionAffinityConfig: {
            clientIP: { timeoutSeconds: toSpecValue(data['sessionAffinityTimeout']) },
          },
        }
      : {}),
    ...pick(data, 'loadBalancerIP', 'loadBalancerSourceRanges'),
    // Only services that are reached from outside may say it.
    ...(type === 'ClusterIP' ? {} : pick(data, 'externalTrafficPolicy')),
  };
}

/** The protocol is a part of the key by which the server merges ports: it is always written. */
function renderPort(port: Fields): Spec {
  return { protocol: 'TCP', ...pick(port, 'name', 'protocol', 'port', 'targetPort', 'nodePort') };
}

export function renderIngress({ data }: FilledNode): Spec {
  const written = asList(data['paths']) ?? [];
  const paths = written.length > 0 ? written.map((path) => asFields(path) ?? {}) : [data];
  const host = textOf(data['host']);
  const hosts = isSet(data['tlsHosts']) ? data['tlsHosts'] : host === undefined ? [] : [host];
  return {
    ...pick(data, 'ingressClassName'),
    ...(data['tlsEnabled'] === true ? { tls: [compact({ hosts, secretName: data['tlsSecretName'] })] } : {}),
    rules: [{ ...compact({ host }), http: { paths: paths.map(renderPath) } }],
  };
}

function renderPath(path: Fields): Spec {
  const port = path['servicePort'] ?? 80;
  return {
    path: textOf(path['path']) ?? '/',
    pathType: textOf(path['pathType']) ?? 'Prefix',
    backend: {
      service: {
        name: textOf(path['serviceName']) ?? '',
        port: typeof port === 'number' ? { number: port } : { name: toSpecValue(port) },
      },
    },
  };
}

export function renderNetworkPolicy({ data }: FilledNode): Spec {
  return {
    podSelector: toSelector(data['podSelector']),
    ...pick(data, 'policyTypes'),
    ...compact({ ingress: data['ingressRules'], egress: data['egressRules'] }),
  };
}

/** Labels, or a selector as Kubernetes has it; without either it means every pod. */
function toSelector(value: unknown): SpecValue {
  const fields = asFields(value) ?? {};
  const isSelector = ['matchLabels', 'matchExpressions'].some((key) => typeof own(fields, key) === 'object');
  if (isSelector) return toSpec(fields);
  return isSet(fields) ? { matchLabels: textMap(fields) } : {};
}

export function renderAutoscaler({ data }: FilledNode): Spec {
  const metric = (name: string, percent: unknown): Spec => ({
    type: 'Resource',
    resource: { name, target: { type: 'Utilization', averageUtilization: toSpecValue(percent) } },
  });
  const memory = data['targetMemoryUtilization'];
  return {
    scaleTargetRef: {
      apiVersion: 'apps/v1',
      kind: toSpecValue(data['scaleTargetKind']),
      name: toSpecValue(data['scaleTargetName']),
    },
    ...pick(data, 'minReplicas', 'maxReplicas'),
    metrics: [
      metric('cpu', data['targetCPUUtilization']),
      ...(memory === undefined ? [] : [metric('memory', memory)]),
    ],
    behavior: {
      scaleDown: { stabilizationWindowSeconds: toSpecValue(data['scaleDownStabilization']) },
      scaleUp: { stabilizationWindowSeconds: toSpecValue(data['scaleUpStabilization']) },
    },
  };
}
