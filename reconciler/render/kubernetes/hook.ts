import type { Analysis } from '../../config/kombination/analyze.ts';
import { namespaceOf } from '../../config/kombination/cluster-node.ts';
import { dnsName } from '../../model/kubernetes/cluster-names.ts';
import type { HookModel } from '../../config/kombination/read-hooks.ts';
import type { ObjectSpec } from '../../model/kubernetes/kubernetes-object.ts';
import { objectId } from '../../model/kubernetes/kubernetes-object.ts';
import type { DesiredResource } from '../../model/resource.ts';
import { hashSpec } from '../../model/resource.ts';
import { buildBlueprint } from '../generate/blueprint.ts';
import { markKnown } from '../generate/variables.ts';
import { createPositionOf } from '../names.ts';
import type { RenderClusterOptions } from './kombination.ts';
import { createRegistrySecret } from './registry-secret.ts';
import { labelsOf } from './service-names.ts';
import { objectsOf } from './service-objects.ts';
import { imageOf } from './service-pod.ts';
import type { FilledBook } from './service-secrets.ts';
import { createFilledBook } from './service-secrets.ts';

/**
 * A hook on a cluster: a list of a Job and of what its pod reads. None of it is a resource of the stack: the one who runs the job takes
 * it away.
 */
export function renderClusterHook(
  { stage, name, service }: HookModel,
  { analysis, file, lookup, content, registries }: RenderClusterOptions,
): DesiredResource {
  const { kombination } = analysis;
  const node = kombination.nodes.find((one) => one.name === service.node);
  if (!node?.cluster) throw new Error(`internal: ${service.node} is no cluster`);
  const namespace = namespaceOf(node, kombination.name);
  const alone: Analysis = { ...analysis, kombination: { ...kombination, services: [service] } };
  const blueprint = buildBlueprint(alone, file, content, markKnown(lookup));
  const called = dnsName(`${kombination.name}-hook-${stage}-${name}`);
  const book = createFilledBook(`${called}-secrets`, blueprint.variables, lookup);
  const [own] = blueprint.services;
  if (!own) throw new Error(`internal: the hook ${name} renders to nothing`);
  const registrySecret = createRegistrySecret(called, registries);
  const context = { blueprint, cluster: node.cluster, book, notes: [], registrySecret };
  const { workload, configMap } = objectsOf({ ...own, oneShot: true }, context);
  if (!workload) throw new Error(`internal: the hook ${name} has no job`);
  const job = { ...workload, metadata: { name: called, namespace } };
  const credentials = registrySecret.objectFor([imageOf(own)], labelsOf(kombination.name));
  const beside = [configMap, secretOf(book), credentials]
    .filter((object) => object !== null)
    .map((object) => ({ ...object, metadata: { ...object.metadata, namespace } }));
  const spec: ObjectSpec = {
    apiVersion: 'v1',
    kind: 'List',
    metadata: { name: called, namespace },
    items: [job, ...beside],
  };
  return {
    id: objectId(node.name, { apiVersion: 'batch/v1', kind: 'Job', name: called, namespace }),
    target: node.name,
    kind: 'Job',
    name: `${namespace}/${called}`,
    spec,
    hash: hashSpec(spec, []),
    updatable: [],
    dependsOn: [],
    origin: createPositionOf(analysis.document, file)(service.path),
  };
}

function secretOf(book: FilledBook): ObjectSpec | null {
  const data = book.values();
  if (Object.keys(data).length === 0) return null;
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: book.name }, type: 'Opaque', data };
}
