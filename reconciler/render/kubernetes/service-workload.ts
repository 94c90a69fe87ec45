import { canonicalJson, sha256 } from '../../base/json.ts';
import type { RestartSpec } from '../../model/docker/docker-spec.ts';
import type { WorkloadKind } from '../../model/kubernetes/cluster-names.ts';
import { dnsName, workloadKind } from '../../model/kubernetes/cluster-names.ts';
import type { ObjectSpec } from '../../model/kubernetes/kubernetes-object.ts';
import type { Spec } from '../../model/secret.ts';
import { ContentDigest } from '../../model/secret.ts';
import type { BlueprintService } from '../generate/blueprint.ts';
import { nonEmptySpecOf, specOf } from './fields.ts';
import type { ObjectsContext } from './objects-context.ts';
import { configName, labelsOf } from './service-names.ts';
import { annotationsOf, imageOf, podOf } from './service-pod.ts';
import { strategyOf } from './service-strategy.ts';

/*
 * The workload of a kombination's service on a cluster; those of workflow nodes are made in workflow/workloads.ts.
 */

/** Chooses the kind of object that runs its pods. */
function kindOf({ spec, oneShot }: BlueprintService): WorkloadKind {
  const hasVolume = (spec.mounts ?? []).some(({ type }) => type === 'volume');
  return workloadKind({ restart: spec.restart, awaited: oneShot, hasVolume });
}

interface PodParts {
  readonly keys: Set<string>;
  readonly configMap: ObjectSpec | null;
}

/** Changes with what the pod only reads when it starts. */
const CONTENT = 'kombinator.io/content';
/** Nobody waits for the end of this job: that it runs is all that is wanted. */
const RUNS = 'run.kombinator.io/service';

/** Deployment, StatefulSet or Job of a service; `null` for a job that is to run zero times. */
export function workloadOf(
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
  const content = read ? { [CONTENT]: contentOf(digestOf(keys), { keys, configMap }) } : {};
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

function contentOf(secrets: string, { keys, configMap }: PodParts): string | ContentDigest {
  const config = contentDigest(configMap);
  if (keys.size === 0) return secrets + config;
  const visible = sha256(canonicalJson([[...keys].sort(), config]));
  return new ContentDigest(secrets + config, visible.slice(0, 32));
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
