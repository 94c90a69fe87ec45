import type { Analysis } from '../config/kombination/analyze.ts';
import type { BuildSecretSpec } from '../model/docker/docker-spec.ts';
import type { DesiredResource, ResourceId } from '../model/resource.ts';
import { hashSpec, resourceId } from '../model/resource.ts';
import { Secret } from '../model/secret.ts';
import type { ContainerOptions } from './container.ts';
import type { PositionOf } from './names.ts';

/**
 * The images that the stack builds, one for each node that runs a service with it. They belong to the stack. Their names are given in
 * config/kombination/checks/find-builds.ts.
 */
export function renderBuiltImages(
  { kombination, images, secrets }: Analysis,
  { positionOf, lookup }: { readonly positionOf: PositionOf } & Pick<ContainerOptions, 'lookup'>,
): readonly DesiredResource[] {
  const resources = new Map<ResourceId, DesiredResource>();
  for (const { name, node } of kombination.services) {
    const built = images.get(name);
    if (!built) continue;
    const { spec, content, path } = built;
    const id = resourceId(node, 'image', spec.reference);
    const shown = (secrets.built.get(spec.service) ?? []).map(({ use, reference }): BuildSecretSpec => {
      return { id: use.target, content: lookup(reference) ?? new Secret('', reference) };
    });
    const whole = shown.length > 0 ? { ...spec, secrets: shown } : spec;
    const common = { id, target: node, kind: 'image', name: spec.reference, spec: whole };
    // Another value of a secret makes no other image.
    resources.set(id, {
      ...common,
      hash: hashSpec(spec, []),
      updatable: [],
      dependsOn: [],
      origin: positionOf(path),
      content,
    });
  }
  return [...resources.values()];
}
