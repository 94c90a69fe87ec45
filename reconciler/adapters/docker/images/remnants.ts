import { normaliseImage } from '../../../model/docker/image-reference.ts';
import type { PruneScope, Remnant } from '../../../ports/inventory/images.ts';
import type { Adapter } from '../adapter.ts';
import type { CountedImage, DiskUsage } from '../engine/engine.ts';
import { readImageOwner } from '../labels.ts';

/** The one entry for all of the build cache: what is in it bears nobody's name. */
const CACHE_ID = 'build-cache';

/**
 * Images that are provably left over, and the build cache. An image is, when no container uses it, running or not, nothing describes it, and either
 * it was built for a stack, or all names that it has were fetched for stacks: one that somebody else has given a name stays.
 */
export async function findRemnants(
  { engine }: Adapter,
  { fetched, described }: PruneScope,
  signal: AbortSignal,
): Promise<readonly Remnant[]> {
  const [usage, containers] = await Promise.all([engine.diskUsage(signal), engine.everyContainer(signal)]);
  const used = new Set(containers.map(({ ImageID }) => ImageID));
  const wanted = new Set(described.map(familiar));
  const known = new Set(fetched.map(familiar));
  const images = usage.images.flatMap((image) => {
    const names = namesOf(image);
    if (used.has(image.Id) || names.some((name) => wanted.has(name))) return [];
    const remnant = builtRemnant(image, names) ?? fetchedRemnant(image, names, known);
    return remnant === null ? [] : [remnant];
  });
  images.sort((a, b) => (label(a) < label(b) ? -1 : 1));
  return [...images, ...cacheRemnant(usage)];
}

/** Resolves to the bytes that are free; `null`: a container uses it by now. */
export async function removeRemnant(
  { engine }: Adapter,
  { kind, id, names, sizeBytes }: Remnant,
  signal: AbortSignal,
): Promise<number | null> {
  if (kind === 'build-cache') return engine.pruneBuildCache(signal);
  // Name by name: an image that has got another one meanwhile keeps it.
  for (const name of names.length === 0 ? [id] : names) {
    if ((await engine.removeImage(name, signal)) === 'in use') return null;
  }
  return sizeBytes;
}

function builtRemnant(image: CountedImage, names: readonly string[]): Remnant | null {
  const owner = readImageOwner(image.Labels);
  if (owner === null) return null;
  const tags = owner.spec['tags'];
  const given = new Set([owner.name, ...(Array.isArray(tags) ? tags : [])]);
  // Somebody goes on using it under a name of their own.
  if (names.some((name) => !given.has(name))) return null;
  const { stack, revision, branch } = owner;
  return { kind: 'built-image', ...placeOf(image, names), builtFor: { stack, revision, branch } };
}

function fetchedRemnant(
  image: CountedImage,
  names: readonly string[],
  known: ReadonlySet<string>,
): Remnant | null {
  const digests = image.RepoDigests ?? [];
  const isOurs =
    names.length > 0 ? names.every((name) => known.has(name)) : digests.some((name) => known.has(name));
  if (!isOurs) return null;
  // One that has no tag is known by its digests alone.
  return { kind: 'fetched-image', ...placeOf(image, names.length > 0 ? names : digests), builtFor: null };
}

function placeOf(image: CountedImage, names: readonly string[]): Pick<Remnant, 'id' | 'names' | 'sizeBytes'> {
  const shared = image.SharedSize ?? 0;
  return { id: image.Id, names, sizeBytes: Math.max(0, image.Size - Math.max(0, shared)) };
}

function cacheRemnant({ buildCache }: DiskUsage): readonly Remnant[] {
  const idle = buildCache.filter(({ InUse, Shared }) => InUse !== true && Shared !== true);
  const sizeBytes = idle.reduce((total, { Size }) => total + Size, 0);
  return sizeBytes === 0 ? [] : [{ kind: 'build-cache', id: CACHE_ID, names: [], sizeBytes, builtFor: null }];
}

function namesOf({ RepoTags }: CountedImage): readonly string[] {
  return (RepoTags ?? []).filter((name) => name !== '<none>:<none>');
}

function familiar(reference: string): string {
  const name = normaliseImage(reference);
  return typeof name === 'string' ? name : reference;
}

function label({ names, id }: Remnant): string {
  return `${names[0] ?? '~'} ${id}`;
}
