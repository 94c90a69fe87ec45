import type { StackSearch, SyncState } from '../../../../reconciler/index.ts';
import type { PageQuery } from '../../../http/page.ts';
import { pageParameters, readPage, toPagination, toRange } from '../../../http/page.ts';
import { defineRoute, ok } from '../../../http/route.ts';
import type { Route } from '../../../http/route.ts';
import { shape } from '../../../http/shape.ts';
import type { ApiDeps } from '../../../operations/deps.ts';
import { answers } from '../answers.ts';
import { listOf, record, refer } from '../schemas.ts';
import { STATES, toStack } from '../stack-view.ts';
import { readWords } from './word-list.ts';

const DEFAULT_PER_PAGE = 20;

interface ListQuery extends PageQuery {
  readonly q?: string;
  readonly state?: string;
  readonly kind?: 'kombination' | 'workflow';
  readonly node?: string;
  readonly sort?: NonNullable<StackSearch['order']>;
}

const listQuery = shape<ListQuery>({
  type: 'object',
  properties: {
    ...pageParameters(1000),
    q: {
      type: 'string',
      maxLength: 200,
      description:
        'Words that all have to occur in the name, a service, an image, a node or the file, whatever their case.',
    },
    state: {
      type: 'string',
      maxLength: 200,
      description: `Some of ${STATES.join(', ')}, with commas between.`,
    },
    kind: { enum: ['kombination', 'workflow'] },
    node: { type: 'string', minLength: 1, description: 'A node or cluster that it has services on.' },
    sort: {
      enum: ['name', 'attention', 'deployed'],
      description: 'attention: the worst first; deployed: the newest first. Default name.',
    },
  },
});

const COUNTS = record(Object.fromEntries(STATES.map((state) => [state, { type: 'integer' }])));

export const listRoutes: readonly Route<ApiDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/stacks',
    id: 'listStacks',
    tag: 'Stacks',
    summary: 'List all stacks',
    description: 'All of them, unless a page is asked for.',
    access: 'viewer',
    query: listQuery,
    responses: {
      200: answers(
        'Stacks by name, or as sort says. counts: how many are in which state, of those that q, kind and node let through.',
        record({
          stacks: listOf(refer('Stack')),
          pagination: refer('Pagination'),
          counts: COUNTS,
        }),
      ),
    },
    handle({ query }, { reconciler }: ApiDeps) {
      const page = readPage(query, DEFAULT_PER_PAGE);
      const search = { ...toSearch(query), ...(page === null ? {} : toRange(page)) };
      const { stacks, total, counts } = reconciler.findStacks(search);
      return ok({
        stacks: stacks.map(toStack),
        pagination: toPagination(page, total),
        counts: toCounts(counts),
      });
    },
  }),
];

function toSearch({ q, state, kind, node, sort }: ListQuery): StackSearch {
  return {
    ...(q === undefined ? {} : { text: q }),
    ...(state === undefined ? {} : { states: readWords('state', state, STATES) }),
    ...(kind === undefined ? {} : { kind }),
    ...(node === undefined ? {} : { node }),
    ...(sort === undefined ? {} : { order: sort }),
  };
}

function toCounts(counts: ReadonlyMap<SyncState, number>): Readonly<Record<string, number>> {
  return Object.fromEntries(STATES.map((state) => [state, counts.get(state) ?? 0]));
}
