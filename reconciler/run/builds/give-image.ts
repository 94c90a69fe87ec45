import { isReconcilerError, ReconcilerError } from '../../base/errors.ts';
import { asFields, asList, asString, own } from '../../base/values.ts';
import type { DesiredStack } from '../../model/stack.ts';
import type { OperationParts } from '../operations/parts.ts';
import type { SplicePath } from '../write/yaml-splice.ts';
import { spliceYaml } from '../write/yaml-splice.ts';
import type { WriteBy } from '../write/repository-writer.ts';

export interface GivenImage {
  readonly stack: string;
  /** One service, or the id or name of one node of a workflow; `null`: every deployment of the workflow. */
  readonly service: string | null;
  /** `hub.example.org/app:1@sha256:…` */
  readonly image: string;
}

export type GiveParts = Pick<OperationParts, 'writer'> & {
  readonly context: { readonly desired: Pick<OperationParts['context']['desired'], 'get'> };
  readonly loop: Pick<OperationParts['loop'], 'refreshForWrite' | 'written'>;
};

/** Somebody may push between a look and a commit. */
const TRIES = 4;

/**
 * Commits an image to the services of a stack; nothing else in its file is touched. Resolves to the commit, `null` where they have it already.
 * Throws UNKNOWN_STACK, BAD_OPTIONS, INVALID_CONFIGURATION, and WRITE_CONFLICT when others were faster several times.
 */
export async function giveImage(parts: GiveParts, given: GivenImage, by: WriteBy): Promise<string | null> {
  const { context, loop, writer } = parts;
  const { stack, image } = given;
  for (let attempt = 1; ; attempt += 1) {
    await loop.refreshForWrite(by.signal);
    const places = findPlaces(context.desired.get(stack), given);
    if (places.every((place) => place.image === image)) return null;
    const edit = (text: string) => places.reduce((result, { path }) => put(result, path, image), text);
    try {
      const write = writer.rewriteStack(stack, edit, `Update the image of ${stack}\n\n${image}`, by);
      return (await loop.written(write)).commit;
    } catch (error) {
      if (!isReconcilerError(error, 'WRITE_CONFLICT') || attempt === TRIES) throw error;
    }
  }
}

interface Place {
  readonly path: SplicePath;
  readonly image: string | undefined;
}

/** The places in a stack's file that name an image. Throws UNKNOWN_STACK, and BAD_OPTIONS where there are none. */
export function findPlaces(
  found: Pick<DesiredStack, 'name' | 'kind' | 'document'> | undefined,
  { stack, service }: Pick<GivenImage, 'stack' | 'service'>,
): readonly Place[] {
  if (found === undefined) throw new ReconcilerError('UNKNOWN_STACK', `there is no stack ${stack}`);
  const document = asFields(found.document);
  const places =
    found.kind === 'workflow' ? placesOfNodes(document, service) : placesOfService(document, service);
  if (places.length > 0) return places;
  const what = found.kind === 'workflow' ? 'deployment' : 'service';
  throw new ReconcilerError(
    'BAD_OPTIONS',
    service === null
      ? found.kind === 'workflow'
        ? `${stack} has no deployment that could get the image`
        : `${stack} is no workflow: say which of its services gets the image`
      : `${stack} has no ${what} ${service} that could get the image`,
  );
}

/** Kinds of nodes that run an image. */
const RUNNING = ['deployment', 'statefulset', 'daemonset', 'job', 'cronjob'];

function placesOfNodes(document: ReturnType<typeof asFields>, service: string | null): readonly Place[] {
  return (asList(document?.['nodes']) ?? []).flatMap((item, index) => {
    const node = asFields(item);
    const data = asFields(node?.['data']);
    const type = asString(node?.['type']) ?? '';
    const isMeant =
      service === null
        ? type === 'deployment'
        : RUNNING.includes(type) && [node?.['id'], data?.['name']].includes(service);
    return isMeant ? [{ path: ['nodes', index, 'data', 'image'], image: asString(data?.['image']) }] : [];
  });
}

function placesOfService(document: ReturnType<typeof asFields>, service: string | null): readonly Place[] {
  const fields = service === null ? undefined : asFields(own(asFields(document?.['services']), service));
  if (service === null || fields === undefined) return [];
  return [{ path: ['services', service, 'image'], image: asString(fields['image']) }];
}

function put(text: string, path: SplicePath, image: string): string {
  const result = spliceYaml(text, path, image);
  if (result !== null) return result;
  throw new ReconcilerError(
    'BAD_OPTIONS',
    `${path.join('.')} cannot be changed in place: an anchor or an alias is involved; write ${image} there`,
  );
}
