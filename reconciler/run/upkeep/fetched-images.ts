import { errorMessage } from '../../base/errors.ts';
import { repositoryOf } from '../../model/docker/image-reference.ts';
import type { DesiredResource } from '../../model/resource.ts';
import type { TargetReference } from '../../model/target.ts';
import { targetKey } from '../../model/target.ts';
import type { ImageFetch } from '../../ports/inventory/images.ts';
import type { Change } from '../../plan/plan.ts';
import type { RunContext } from '../context.ts';

/** Remembers an image that a step has fetched; one that it took the place of is known by its digest from then on. */
export function noteFetched(
  context: Pick<RunContext, 'store' | 'logger'>,
  reference: TargetReference,
  change: Change,
): void {
  const { kind, action, before, after } = change;
  const image = after?.['reference'];
  const isFetched = kind === 'image' && (action === 'create' || action === 'replace');
  if (!isFetched || typeof image !== 'string' || after?.['build'] !== undefined) return;
  const was = before?.['reference'];
  // `nginx:1.29@sha256:…`, as it was observed.
  const digest = typeof was === 'string' ? was.split('@')[1] : undefined;
  note(context, targetKey(reference), (known) => [
    image,
    ...(digest !== undefined && known.includes(image) ? [`${repositoryOf(image)}@${digest}`] : []),
  ]);
}

/** Remembers an image that was fetched ahead: it has no tag until it is used. */
export function noteFetchedAhead(
  context: Pick<RunContext, 'store' | 'logger'>,
  reference: TargetReference,
  { spec }: Pick<DesiredResource, 'spec'>,
  { outcome, digest }: ImageFetch,
): void {
  const image = spec['reference'];
  if (typeof image !== 'string') return;
  if (outcome === 'fetched') note(context, targetKey(reference), () => [image]);
  if (outcome === 'ahead' && digest !== null)
    note(context, targetKey(reference), () => [`${repositoryOf(image)}@${digest}`]);
}

/** Prune finds less without it, and nothing else depends on it. */
function note(
  { store, logger }: Pick<RunContext, 'store' | 'logger'>,
  target: string,
  pick: (known: readonly string[]) => readonly string[],
): void {
  try {
    for (const one of pick(store.listFetchedImages(target))) store.noteFetchedImage(target, one);
  } catch (error) {
    logger.warn({ target, error: errorMessage(error) }, 'a fetched image could not be remembered');
  }
}
