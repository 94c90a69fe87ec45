import { asString, own } from '../../../base/values.ts';
import type { DesiredResource, ObservedResource } from '../../../model/resource.ts';
import { maskSpec } from '../../../model/secret.ts';
import { builtImageSpec } from '../containers/specs.ts';
import { fingerprint } from '../fingerprint.ts';
import type { OwnedContainer } from '../containers/container-group.ts';
import type { Adapter } from '../adapter.ts';
import type { ApplyContext } from '../../../ports/target.ts';
import type { Adoption } from './adoptions.ts';

/*
 * Images that Compose has built for a project which was adopted. They have none of our names, and nobody can tell from them what they were built from.
 * The repository says so: the digest that the build of a service had when its container was adopted. As long as it has that one the container
 * runs what is described.
 */

/** Tells whether the image of an adopted container is the one that its service is built as. */
export function isAsBuilt(adoption: Pick<Adoption, 'built'> | undefined, { spec }: DesiredResource): boolean {
  const image = asString(spec['image']) ?? '';
  const service = asString(spec['service']) ?? '';
  const digest = own(adoption?.built ?? {}, service);
  return digest !== undefined && image.slice(image.lastIndexOf(':') + 1) === digest;
}

interface AsBuilt {
  readonly desired: DesiredResource;
  readonly current: OwnedContainer;
  readonly context: Pick<ApplyContext, 'stack' | 'signal'>;
}

/** Gives the image of an adopted container the name that its successor asks for. */
export async function nameAsBuilt(
  { engine, adoptions }: Pick<Adapter, 'engine' | 'adoptions'>,
  { desired, current, context: { stack, signal } }: AsBuilt,
): Promise<void> {
  const reference = asString(desired.spec['image']) ?? '';
  if (!isAsBuilt(adoptions.ofStack(stack), desired)) return;
  if ((await engine.inspectImage(reference, signal)) !== null) return;
  await engine.tagImage(current.info.ImageID, reference, signal);
}

/** Returns built images that need not be there under a name of ours, since the containers that run them are there; see `nameAsBuilt`. */
export function observeAsBuilt(
  adoption: Pick<Adoption, 'built'> | undefined,
  desired: readonly DesiredResource[],
  observed: readonly ObservedResource[],
): readonly ObservedResource[] {
  const known = new Map(observed.map((one) => [one.id, one]));
  return desired.flatMap((image): readonly ObservedResource[] => {
    const reference = builtImageSpec(image)?.reference;
    if (reference === undefined || known.has(image.id)) return [];
    const users = desired.filter((one) => one.kind === 'container' && one.spec['image'] === reference);
    const isThere = users.every((one) => isAsBuilt(adoption, one) && known.has(one.id));
    if (users.length === 0 || !isThere) return [];
    const { id, target, kind, name, hash, spec } = image;
    return [
      {
        id,
        target,
        kind,
        name,
        hash,
        revision: null,
        spec: maskSpec(spec),
        health: { status: 'healthy' },
        fingerprint: fingerprint([hash]),
        interrupted: false,
        detail: {},
      },
    ];
  });
}
