import { asFields, asList, asString } from '../../../base/values.ts';
import type { LiveObject } from '../cache/live-object.ts';
import { isLiveObject } from '../cache/live-object.ts';
import type { ApiClient } from './client.ts';
import type { KindInfo } from './discovery.ts';
import { pathOf } from './discovery.ts';

const OBJECTS_PER_PAGE = 500;
/** Pages that are gone through; a server may say of each that there is another. */
const MAX_PAGES = 500;

export interface Listed {
  /** Left out: everywhere. */
  readonly namespace?: string;
  /** Form of the answer, `PartialObjectMetadataList` say. Default: whole objects. */
  readonly accept?: string;
  readonly signal: AbortSignal;
}

/** Lists what there is of a kind, page by page. Throws `ApiError`, 410 where too much has changed since the first page. */
export async function* listPages(
  client: ApiClient,
  kind: KindInfo,
  { namespace, accept, signal }: Listed,
): AsyncGenerator<readonly LiveObject[]> {
  const path = pathOf(kind, namespace === undefined ? {} : { namespace });
  let next: string | undefined;
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    const query = { limit: OBJECTS_PER_PAGE, continue: next };
    const form = accept === undefined ? {} : { accept };
    const { body } = await client.request({ method: 'GET', path, query, ...form, signal });
    yield objectsIn(body, kind);
    next = asString(asFields(asFields(body)?.['metadata'])?.['continue']) || undefined;
    if (next === undefined) return;
  }
}

/** Items of a list do not say what they are. */
function objectsIn(list: unknown, { apiVersion, kind }: KindInfo): readonly LiveObject[] {
  const items = asList(asFields(list)?.['items']) ?? [];
  return items.map((item) => ({ ...asFields(item), apiVersion, kind })).filter(isLiveObject);
}
