import type { ImageInfo } from 'dockerode';
import type { DesiredResource, ObservedResource } from '../../../model/resource.ts';
import type { ApplyContext, ResourceChange } from '../../../ports/target.ts';
import type { Adapter } from '../adapter.ts';
import { buildImage } from './build-image.ts';
import { fingerprint } from '../fingerprint.ts';
import type { Owner } from '../labels.ts';
import { readImageOwner } from '../labels.ts';
import { builtImageSpec } from '../containers/specs.ts';

/** Images that were built for a stack and still have the name they were given, as the resources they stand for. */
export function observeBuilt(
  images: readonly ImageInfo[],
  desired: readonly DesiredResource[],
): readonly ObservedResource[] {
  return images.flatMap((image) => {
    const owner = ownerOfImage(image);
    if (!owner) return [];
    const wanting = desired.filter((resource) => builtImageSpec(resource)?.reference === owner.name);
    const identities: readonly Pick<Owner, 'id' | 'target'>[] = wanting.length > 0 ? wanting : [owner];
    return identities.map(({ id, target }): ObservedResource => ({
      id,
      target,
      kind: 'image',
      name: owner.name,
      hash: owner.hash,
      revision: owner.revision,
      spec: owner.spec,
      health: { status: 'healthy' },
      fingerprint: fingerprint([image.Id, owner.hash ?? '']),
      interrupted: false,
      detail: { imageId: image.Id },
    }));
  });
}

/** `null`: not one that we have built, or one that somebody else goes on using under no name of ours. */
export function ownerOfImage(image: ImageInfo): Owner | null {
  const owner = readImageOwner(image.Labels);
  return owner && namesOf(image).includes(owner.name) ? owner : null;
}

function namesOf({ RepoTags }: ImageInfo): readonly string[] {
  return RepoTags ?? [];
}

/** Builds an image of the stack, or takes away the names of one; the engine drops it with the last of them. */
export async function applyBuiltImage(
  adapter: Adapter,
  { change, desired }: ResourceChange,
  context: ApplyContext,
): Promise<void> {
  const spec = desired && builtImageSpec(desired);
  if (desired && spec) return buildImage(adapter, desired, spec, context);
  const images = await adapter.engine.listImages(context.stack, context.signal);
  for (const image of images) {
    const owner = readImageOwner(image.Labels);
    if (owner?.name !== change.name) continue;
    const ours = builtImageSpec(owner)?.tags ?? [];
    for (const name of namesOf(image)) {
      if (name === owner.name || ours.includes(name)) await adapter.engine.untagImage(name, context.signal);
    }
  }
}
