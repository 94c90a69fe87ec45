import type { ImageSpec } from '../../../model/docker/docker-spec.ts';
import { repositoryOf } from '../../../model/docker/image-reference.ts';
import type { DesiredResource } from '../../../model/resource.ts';
import type { ImageFetch } from '../../../ports/inventory/images.ts';
import type { ApplyContext } from '../../../ports/target.ts';
import type { Adapter } from '../adapter.ts';
import { imageSpec } from '../containers/specs.ts';
import { fitsPlatform, movedDigest, pullImage } from './image.ts';

/** Fetches an image ahead of its use, see `FetchesImages`. */
export async function fetchImage(
  adapter: Adapter,
  desired: DesiredResource,
  context: Pick<ApplyContext, 'signal' | 'progress'>,
): Promise<ImageFetch> {
  const spec = imageSpec(desired);
  const { reference, platform, pullPolicy } = spec;
  const image = await adapter.engine.inspectImage(reference, context.signal);
  const isHere = image !== null && fitsPlatform(image, platform);
  const known = isHere ? ((image.RepoDigests ?? [])[0]?.split('@')[1] ?? null) : null;
  if (pullPolicy === 'never') return { outcome: 'kept', digest: known };
  if (!isHere) {
    await pullImage(adapter, { reference, platform }, context);
    const fetched = await adapter.engine.inspectImage(reference, context.signal);
    return { outcome: 'fetched', digest: (fetched?.RepoDigests ?? [])[0]?.split('@')[1] ?? null };
  }
  if (!canMove(spec)) return { outcome: 'current', digest: known };
  const moved = await movedDigest(adapter, { reference, image, isAsked: true }, context.signal);
  if (moved === null) return { outcome: 'current', digest: known };
  const byDigest = `${repositoryOf(reference)}@${moved.there}`;
  if ((await adapter.engine.inspectImage(byDigest, context.signal)) !== null)
    return { outcome: 'current', digest: moved.there };
  await pullImage(adapter, { reference: byDigest, platform }, context);
  return { outcome: 'ahead', digest: moved.there };
}

/** Tells whether what a reference stands for may change: a digest never does. */
export function canMove({ reference, pullPolicy }: Pick<ImageSpec, 'reference' | 'pullPolicy'>): boolean {
  return pullPolicy !== 'never' && !reference.includes('@');
}
