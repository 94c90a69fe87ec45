import type { ClusterNode } from '../../config/kombination/cluster-model.ts';
import { dnsName } from '../../model/kubernetes/cluster-names.ts';
import { givenOptions } from '../../model/docker/options/container-options.ts';
import { compareText } from '../../base/values.ts';
import type { Generated } from '../../model/generated.ts';
import { claimsOf, objectsOf } from '../kubernetes/service-objects.ts';
import { createBlankBook } from '../kubernetes/service-secrets.ts';
import type { Blueprint, BlueprintService } from './blueprint.ts';
import { writeYaml } from './compose.ts';
import { headLines } from './generated.ts';

/** A cluster that nobody has described. */
const ANY: ClusterNode = { cluster: '', publish: 'none', pullSecrets: [] };

/**
 * Manifests of a stack, as they are made for a node that is a cluster: a Deployment for each service, a StatefulSet where it has
 * volumes, a Job where it ends. Secrets are references to one Secret that is not among them.
 */
export function generateKubernetes(blueprint: Blueprint): Generated {
  const notes: string[] = [];
  const name = `${dnsName(blueprint.stack)}-secrets`;
  const book = createBlankBook(name, blueprint.variables);
  const context = { blueprint, cluster: ANY, book, notes };
  const own = blueprint.services.map((service) => objectsOf(service, context));
  for (const service of blueprint.services) reportUnsupported(service, notes);
  const objects = [
    ...claimsOf(context).map(({ object }) => object),
    ...own.flatMap(({ configMap }) => configMap ?? []),
    ...own.flatMap(({ workload }) => workload ?? []),
    ...own.flatMap(({ services }) => services),
    ...own.flatMap(({ ingress }) => ingress ?? []),
  ];
  const variables = blueprint.variables.list();
  if (variables.length > 0) {
    const literals = variables.map((one) => `--from-literal=${one.name}=…`).join(' ');
    notes.push(`wanted is: kubectl create secret generic ${name} ${literals}`);
  }
  const nodes = new Set(blueprint.services.map(({ target }) => target));
  if (nodes.size > 1) notes.push('which node a service runs on is not said; a cluster chooses');
  const head = headLines(blueprint.file, notes).map((line) => `# ${line}\n`);
  const text = objects.map(writeYaml).join('---\n');
  return { files: [{ path: 'manifests.yaml', content: `${head.join('')}${text}` }], notes };
}

function reportUnsupported({ name, spec }: BlueprintService, notes: string[]): void {
  const dropped = givenOptions(spec).filter(
    ({ row, value }) =>
      value !== false &&
      row.cluster.rules.some(({ applies, isCarried }) => applies === undefined && isCarried !== true),
  );
  const keys: string[] = [
    ...dropped.map(({ name }) => name),
    ...(spec.volumesFrom ? ['volumesFrom'] : []),
    ...(spec.postStart ? ['postStart'] : []),
    ...(spec.preStop ? ['preStop'] : []),
  ].sort(compareText);
  if (spec.networkMode?.startsWith('container:')) keys.push('networkMode');
  if (spec.user !== undefined && !/^\d+(:\d+)?$/.test(spec.user)) keys.push('user');
  if (spec.groupAdd?.some((group) => !/^\d+$/.test(group)) === true) keys.push('groupAdd');
  if (keys.length > 0) notes.push(`${name}: not carried over are ${keys.join(', ')}`);
}
