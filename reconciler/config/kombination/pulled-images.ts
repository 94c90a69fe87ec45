import { clusterOf } from './cluster-node.ts';
import type { DocumentPath } from '../../base/document-path.ts';
import type { SecretNeed } from './checks/find-secrets.ts';
import type { HookModel } from './read-hooks.ts';
import type { Kombination } from './kombination.ts';
import type { RegistrySetting } from '../../model/registry.ts';
import { findRegistry } from '../../model/registry.ts';
import { asString } from '../../base/values.ts';
import { hasPods } from '../workflow/workflow-edges.ts';
import type { FilledNode } from '../workflow/workflow-values.ts';

/** An image that a cluster pulls for its pods, with credentials that it has to be given. */
export interface PulledImage {
  readonly reference: string;
  /** Path where it is asked for. */
  readonly path: DocumentPath;
}

interface Described {
  readonly kombination: Kombination;
  readonly hooks: readonly HookModel[];
}

/** Lists the images of the services and hooks that run on clusters. */
export function pulledImages({ kombination, hooks }: Described): readonly PulledImage[] {
  const services = [...kombination.services, ...hooks.map(({ service }) => service)];
  return services.flatMap((service) => {
    const { image, path } = service;
    if (image === undefined || !clusterOf(kombination, service)) return [];
    return [{ reference: image, path: [...path, 'image'] }];
  });
}

/** Lists the images of the nodes of a workflow that describe pods; a manifest says itself what it pulls with. */
export function pulledByNodes(nodes: readonly FilledNode[]): readonly PulledImage[] {
  return nodes.filter(hasPods).flatMap(({ data, path }) => {
    const reference = asString(data['image']);
    return reference === undefined ? [] : [{ reference, path: [...path, 'data', 'image'] }];
  });
}

/** The passwords that pulling these images takes. */
export function registryNeeds(
  images: readonly PulledImage[],
  registries: readonly RegistrySetting[],
): readonly SecretNeed[] {
  return images.flatMap(({ reference: image, path }): readonly SecretNeed[] => {
    const registry = findRegistry(image, registries);
    if (registry === undefined) return [];
    const { host, password: reference } = registry;
    const purpose = `the password of the registry ${host}`;
    return [{ source: { reference }, name: reference, needed: true, purpose, path }];
  });
}
