import type { Assessment } from '../model/assess.ts';
import type { DesiredResource, ResourceId } from '../model/resource.ts';
import { hashSpec, resourceId } from '../model/resource.ts';
import type { Locate } from './names.ts';

/** The images that the stack builds, one for each node that runs a service with it. They belong to the stack. */
export function renderBuiltImages(
  { kombination, images }: Assessment,
  locate: Locate,
): readonly DesiredResource[] {
  const resources = new Map<ResourceId, DesiredResource>();
  for (const { name, node } of kombination.services) {
    const built = images.get(name);
    if (!built) continue;
    const { spec, content, path } = built;
    const id = resourceId(node, 'image', spec.reference);
    const common = { id, target: node, kind: 'image', name: spec.reference, spec, hash: hashSpec(spec, []) };
    resources.set(id, { ...common, updatable: [], dependsOn: [], origin: locate(path), content });
  }
  return [...resources.values()];
}
