import type { Pagination } from './api-types.ts';

/** Number of the page that an address names; 1 where it names none, or something else. */
export function pageOf(text: string | undefined): number {
  return text !== undefined && /^[1-9]\d{0,5}$/.test(text) ? Number(text) : 1;
}

export interface CutPage<T> {
  readonly shown: readonly T[];
  readonly pagination: Pagination;
}

/** The part of a list that is on a page; of a page behind the last one, that on the last. */
export function cutPage<T>(all: readonly T[], page: number, perPage: number): CutPage<T> {
  const last = Math.max(1, Math.ceil(all.length / perPage));
  const at = Math.min(page, last);
  return {
    shown: all.slice((at - 1) * perPage, at * perPage),
    pagination: { page: at, per_page: perPage, total: all.length, total_pages: last },
  };
}
