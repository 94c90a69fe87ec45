import { errorMessage, isReconcilerError } from '../../../base/errors.ts';
import { isProblem } from '../../../base/problem.ts';
import { asFields, asList, asString, own } from '../../../base/values.ts';
import { readImageUpdate } from '../../../config/kombination/checks/image-update.ts';
import { normaliseImage, repositoryOf } from '../../../model/docker/image-reference.ts';
import type { ImageUpdate } from '../../../model/docker/image-update.ts';
import { registryOf } from '../../../model/registry.ts';
import type { SplicePath } from '../../write/yaml-splice.ts';
import type { AskedRegistries, RegistryLook } from './asked-registries.ts';
import type { MatchingTime } from './choose-tag.ts';
import { chooseTag, createMatchingTime } from './choose-tag.ts';

/** A service that newer images are looked for, as its file has it. */
export interface UpdatedService {
  readonly stack: string;
  readonly service: string;
  /** Place of the image in the file. */
  readonly path: SplicePath;
  /** Reference as it is written; left out: none is. */
  readonly image?: string;
  readonly update: ImageUpdate;
}

export interface FoundImage extends UpdatedService {
  readonly image: string;
  /** Reference that is to be written. */
  readonly next: string;
}

/** A service whose image stays as it is, though it should have been looked for. */
export interface PassedOver extends Pick<UpdatedService, 'stack' | 'service'> {
  readonly reason: string;
}

export interface FoundImages {
  readonly found: readonly FoundImage[];
  readonly passedOver: readonly PassedOver[];
}

/** The services of a description that newer images are looked for. */
export function updatedServices(stack: string, document: unknown): readonly UpdatedService[] {
  const services = own(asFields(document), 'services');
  const entries = asList(services)
    ? (asList(services) ?? []).map(
        (item, index) => [asString(asFields(item)?.['name']) ?? '', item, index] as const,
      )
    : Object.entries(asFields(services) ?? {}).map(([name, item]) => [name, item, name] as const);
  return entries.flatMap(([service, item, key]) => {
    const fields = asFields(item) ?? {};
    const update = readImageUpdate(fields);
    if (update === undefined) return [];
    const image = asString(own(fields, 'image'));
    return [
      { stack, service, path: ['services', key, 'image'], update, ...(image !== undefined && { image }) },
    ];
  });
}

/** Asks registries, side by side, and each of them one question after the other. What one does not answer leaves the others. */
export async function findImages(
  services: readonly UpdatedService[],
  registries: AskedRegistries,
  signal: AbortSignal,
): Promise<FoundImages> {
  const found: FoundImage[] = [];
  const passedOver: PassedOver[] = [];
  const askable: (UpdatedService & { readonly image: string })[] = [];
  for (const service of services) {
    const { image } = service;
    const reason = whyNot(image);
    if (reason === null && image !== undefined) askable.push({ ...service, image });
    else passedOver.push({ ...name(service), reason: reason ?? '' });
  }
  const matching = createMatchingTime();
  const work = async ([host, ofHost]: readonly [string, typeof askable]): Promise<void> => {
    const registry = registries.look(host, signal);
    for (const service of ofHost) {
      try {
        const next = await newestOf(service, registry, matching);
        if (next !== null && next !== service.image) found.push({ ...service, next });
      } catch (error) {
        signal.throwIfAborted();
        // The message names the cause already.
        const reason = isReconcilerError(error) ? error.message : errorMessage(error);
        passedOver.push({ ...name(service), reason });
      }
    }
  };
  await Promise.all([...Map.groupBy(askable, ({ image }) => registryOf(image))].map(work));
  return { found: found.sort(compareServices), passedOver: passedOver.sort(compareServices) };
}

function name({ stack, service }: UpdatedService): Omit<PassedOver, 'reason'> {
  return { stack, service };
}

type Named = Pick<UpdatedService, 'stack' | 'service'>;

export function compareServices(a: Named, b: Named): number {
  const [first, second] = [`${a.stack}/${a.service}`, `${b.stack}/${b.service}`];
  return first < second ? -1 : Number(first > second);
}

/** Says why nothing can be written in place of an image; `null`: something can. */
function whyNot(image: string | undefined): string | null {
  if (image === undefined)
    return 'its image does not stand beside image_update, but in a kit, or it is built';
  if (image.includes('$')) return `its image is put together of variables (${image}): write it out`;
  const known = normaliseImage(image);
  return isProblem(known) ? known.problem : null;
}

/** The reference that should be written; `null`: the one that is. */
async function newestOf(
  { image, update }: Required<Pick<UpdatedService, 'image' | 'update'>>,
  registry: RegistryLook,
  matching: MatchingTime,
): Promise<string | null> {
  const repository = repositoryOf(image);
  const [tag = 'latest', digest] = image.slice(repository.length).replace(/^:/, '').split('@');
  const current = tag === '' ? 'latest' : tag;
  if (update.policy === 'digest')
    return `${repository}:${current}@${await registry.digestOf(image, current)}`;
  const next = chooseTag(update, { current, tags: await registry.tagsOf(image) }, matching);
  if (next === null) return null;
  return digest === undefined
    ? `${repository}:${next}`
    : `${repository}:${next}@${await registry.digestOf(image, next)}`;
}
