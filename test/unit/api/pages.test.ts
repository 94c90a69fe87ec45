import { expect, it } from 'vitest';
import { readPages } from '../../../api/cli/remote/pages.ts';
import { takePage } from '../../../api/http/page.ts';

const ALL = Array.from({ length: 1_203 }, (_, index) => index);
const SIGNAL = new AbortController().signal;

it.each([
  {
    query: {},
    items: 1_203,
    first: 0,
    pagination: { page: 1, per_page: 1_203, total: 1_203, total_pages: 1 },
  },
  {
    query: { page: 2 },
    items: 50,
    first: 50,
    pagination: { page: 2, per_page: 50, total: 1_203, total_pages: 25 },
  },
  {
    query: { page: 13, per_page: 100 },
    items: 3,
    first: 1_200,
    pagination: { page: 13, per_page: 100, total: 1_203, total_pages: 13 },
  },
  {
    query: { page: 99 },
    items: 0,
    first: undefined,
    pagination: { page: 99, per_page: 50, total: 1_203, total_pages: 25 },
  },
])(
  'answers $query with $items of a list, and what the list says of itself',
  ({ query, items, first, pagination }) => {
    const page = takePage(ALL, query, 50);
    expect([page.items.length, page.items[0], page.pagination]).toEqual([items, first, pagination]);
  },
);

it.each([
  { what: 'a daemon with pages', isPaged: true, requests: 3 },
  { what: 'a daemon that knows none', isPaged: false, requests: 1 },
])('reads a whole list of $what', async ({ isPaged, requests }) => {
  const asked: unknown[] = [];
  const client = {
    async get(_: string, { query = {} }: { readonly query?: Readonly<Record<string, unknown>> }) {
      asked.push(query);
      const page = { page: Number(query['page']), per_page: Number(query['per_page']) };
      if (!isPaged) return { things: ALL };
      const { items, pagination } = takePage(ALL, page, 50);
      return { things: items, pagination };
    },
  };
  const { items } = await readPages(client, '/things', 'things', {
    decode: Number,
    query: { q: 'a' },
    signal: SIGNAL,
  });
  expect(items).toEqual(ALL);
  expect(asked).toHaveLength(requests);
  expect(asked[0]).toEqual({ q: 'a', page: 1, per_page: 500 });
});
