import { errorMessage, isReconcilerError, ReconcilerError } from '../../../base/errors.ts';
import { isProblem } from '../../../base/problem.ts';
import { asFields, asList, asString, own } from '../../../base/values.ts';
import { readImageUpdate } from '../../../config/kombination/checks/image-update.ts';
import { normaliseImage, repositoryOf } from '../../../model/docker/image-reference.ts';
import type { ImageUpdate } from '../../../model/docker/image-update.ts';
import { registryOf } from '../../../model/registry.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { ImageQuestion, RegistryClient } from '../../../ports/registry-client.ts';
import type { SplicePath } from '../../write/yaml-splice.ts';
import { chooseTag } from './choose-tag.ts';

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

export interface FindParts {
  readonly clock: Clock;
  readonly client: Pick<RegistryClient, 'listTags' | 'digestOf'>;
  /** Credentials for an image; throws where they cannot be had. */
  readonly loginFor: (image: string) => ImageQuestion['login'];
}

/** Requests to one registry within a minute. */
const PER_MINUTE = 60;
const MINUTE_MS = 60_000;

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
  parts: FindParts,
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
  const work = async (ofHost: typeof askable): Promise<void> => {
    const registry = createRegistry(parts, signal);
    for (const service of ofHost) {
      try {
        const next = await registry.newest(service);
        if (next !== null && next !== service.image) found.push({ ...service, next });
      } catch (error) {
        signal.throwIfAborted();
        passedOver.push({ ...name(service), reason: errorMessage(error) });
      }
    }
  };
  await Promise.all([...Map.groupBy(askable, ({ image }) => registryOf(image)).values()].map(work));
  return { found: found.sort(compareServices), passedOver: passedOver.sort(compareServices) };
}

function name({ stack, service }: UpdatedService): Omit<PassedOver, 'reason'> {
  return { stack, service };
}

function compareServices(a: PassedOver | FoundImage, b: PassedOver | FoundImage): number {
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

/** One registry, as far as one pass goes. */
function createRegistry({ clock, client, loginFor }: FindParts, signal: AbortSignal) {
  const tags = new Map<string, Promise<readonly string[]>>();
  const asked: number[] = [];
  /** It has had enough: nothing more is asked in this pass. */
  let closed: ReconcilerError | null = null;
  const pace = async (): Promise<void> => {
    const oldest = asked.length < PER_MINUTE ? undefined : asked.shift();
    const wait = oldest === undefined ? 0 : oldest + MINUTE_MS - clock.elapsed();
    if (wait > 0) await clock.sleep(wait, signal);
    asked.push(clock.elapsed());
  };
  const ask = async <T>(question: () => Promise<T>): Promise<T> => {
    if (closed !== null) throw closed;
    try {
      return await question();
    } catch (error) {
      if (isReconcilerError(error) && error.details.retryAfterMs !== undefined) closed = error;
      throw error;
    }
  };
  const questionOf = (image: string): ImageQuestion => ({
    image: repositoryOf(image),
    login: loginFor(image),
    pace,
  });
  const digestOf = (image: string, tag: string) =>
    ask(() => client.digestOf({ ...questionOf(image), tag }, signal));
  const tagsOf = (image: string): Promise<readonly string[]> => {
    const repository = repositoryOf(image);
    const known = tags.get(repository) ?? ask(() => client.listTags(questionOf(image), signal));
    tags.set(repository, known);
    return known;
  };
  return {
    /** The reference that should be written; `null`: the one that is. */
    async newest({
      image,
      update,
    }: {
      readonly image: string;
      readonly update: ImageUpdate;
    }): Promise<string | null> {
      const repository = repositoryOf(image);
      const [tag = 'latest', digest] = image.slice(repository.length).replace(/^:/, '').split('@');
      const current = tag === '' ? 'latest' : tag;
      if (update.policy === 'digest') return `${repository}:${current}@${await digestOf(image, current)}`;
      const next = chooseTag(update, current, await tagsOf(image));
      if (next === null) return null;
      return digest === undefined
        ? `${repository}:${next}`
        : `${repository}:${next}@${await digestOf(image, next)}`;
    },
  };
}
