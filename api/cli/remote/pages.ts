import type { RemoteClient, RemoteRequest } from './client.ts';
import { fieldsOf, listAt } from './decode.ts';

const PER_PAGE = 500;
/** More than any list has. A daemon whose pages have no end is not asked for ever. */
const MAX_PAGES = 1_000;

/** A list that was read page by page. */
export interface ReadList<T> {
  readonly items: readonly T[];
  /** The answer that the last page came in. */
  readonly last: Readonly<Record<string, unknown>>;
}

/**
 * Reads a whole list page by page, so that no answer of a large daemon is waited for in one piece. A daemon that knows no pages answers with everything.
 *
 * @param key name of the list in the answer
 */
export async function readPages<T>(
  client: Pick<RemoteClient, 'get'>,
  path: string,
  key: string,
  { decode, query, ...request }: RemoteRequest & { readonly decode: (value: unknown) => T },
): Promise<ReadList<T>> {
  const items: T[] = [];
  for (let page = 1; ; page += 1) {
    const asked = { ...request, query: { ...query, page, per_page: PER_PAGE } };
    const last = fieldsOf(await client.get(path, asked), key);
    items.push(...listAt(last, key, decode));
    const { pagination } = last;
    const pages = pagination === undefined ? 1 : Number(fieldsOf(pagination, 'pagination')['total_pages']);
    if (!(page < pages) || page === MAX_PAGES) return { items, last };
  }
}
