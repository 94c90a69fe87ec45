import type { JsonSchema } from './shape.ts';

export interface PageQuery {
  readonly page?: number;
  readonly per_page?: number;
}

export interface Page {
  /** Number of the page, from 1. */
  readonly page: number;
  readonly perPage: number;
}

/** Description of lists that were whole before there were pages. */
export const ALL_OR_PAGE = 'All of them, unless a page is asked for.';

/** Query parameters of every list, for a schema's `properties`. */
export function pageParameters(maxPerPage: number): Readonly<Record<string, JsonSchema>> {
  return {
    page: { type: 'integer', minimum: 1, maximum: 1_000_000, description: 'From 1.' },
    per_page: { type: 'integer', minimum: 1, maximum: maxPerPage, description: 'How many on one page.' },
  };
}

/** `null` when the request names no page: then a list is answered whole. */
export function readPage({ page, per_page: perPage }: PageQuery, defaultPerPage: number): Page | null {
  if (page === undefined && perPage === undefined) return null;
  return { page: page ?? 1, perPage: perPage ?? defaultPerPage };
}

export function toRange({ page, perPage }: Page): { readonly offset: number; readonly limit: number } {
  return { offset: (page - 1) * perPage, limit: perPage };
}

/** Returns one page of a list that is known whole, and what the list says about itself; all of it where the request names no page. */
export function takePage<T>(
  all: readonly T[],
  query: PageQuery,
  defaultPerPage: number,
): { readonly items: readonly T[]; readonly pagination: object } {
  const page = readPage(query, defaultPerPage);
  const { offset, limit } = page === null ? { offset: 0, limit: all.length } : toRange(page);
  return { items: all.slice(offset, offset + limit), pagination: toPagination(page, all.length) };
}

/** Returns what a list says about itself beside its items. */
export function toPagination(page: Page | null, total: number): object {
  const perPage = page?.perPage ?? Math.max(1, total);
  return {
    page: page?.page ?? 1,
    per_page: perPage,
    total,
    total_pages: Math.max(1, Math.ceil(total / perPage)),
  };
}
