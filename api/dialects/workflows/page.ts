import { compareText, own } from '../../../reconciler/index.ts';
import type { JsonSchema } from '../../http/shape.ts';

/** Query parameters of every list, as the reference has them. */
export interface ListQuery {
  readonly page?: number;
  readonly limit?: number;
  readonly sort?: string;
  readonly order?: 'asc' | 'desc';
  readonly search?: string;
}

export interface ListParameters {
  /** Default 20. */
  readonly limit?: number;
  /** Default 100. */
  readonly maxLimit?: number;
}

/** Properties of a query's schema. */
export function listParameters({ limit = 20, maxLimit = 100 }: ListParameters = {}): JsonSchema {
  return {
    page: { type: 'integer', minimum: 1, maximum: 1_000_000, description: 'From 1. Default 1.' },
    limit: { type: 'integer', minimum: 1, maximum: maxLimit, description: `Default ${limit}.` },
    sort: { type: 'string', maxLength: 100, description: 'Member to sort by. Default created_at.' },
    order: { enum: ['asc', 'desc'], description: 'Default desc.' },
    search: { type: 'string', maxLength: 500, description: 'Text that must occur, whatever its case.' },
  };
}

export interface ListOptions<T> {
  /** Values that can be sorted by. An unknown name sorts by `created_at`. */
  readonly sorts: Readonly<Record<string, (item: T) => string | number>>;
  /** Texts that a search looks at. */
  readonly texts: (item: T) => readonly string[];
  /** Default 20. */
  readonly limit?: number;
}

export interface ListPage<T> {
  readonly items: readonly T[];
  readonly total: number;
  readonly page: number;
  readonly limit: number;
}

/** Searches, sorts and cuts a list. */
export function pageOf<T>(list: readonly T[], query: ListQuery, options: ListOptions<T>): ListPage<T> {
  const { page = 1, limit = options.limit ?? 20, sort = 'created_at', order = 'desc' } = query;
  const wanted = query.search?.toLowerCase() ?? '';
  const found = list.filter(
    (item) => wanted === '' || options.texts(item).some((text) => text.toLowerCase().includes(wanted)),
  );
  const { sorts } = options;
  const valueOf = own(sorts, sort) ?? own(sorts, 'created_at');
  const sorted = valueOf === undefined ? found : found.toSorted((a, b) => compare(valueOf(a), valueOf(b)));
  const ordered = order === 'desc' ? sorted.toReversed() : sorted;
  return { items: ordered.slice((page - 1) * limit, page * limit), total: found.length, page, limit };
}

function compare(a: string | number, b: string | number): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : compareText(String(a), String(b));
}
