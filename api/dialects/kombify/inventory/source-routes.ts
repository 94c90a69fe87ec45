import { defineRoute, ok } from '../../../http/route.ts';
import type { Route } from '../../../http/route.ts';
import { shape } from '../../../http/shape.ts';
import { listSources } from '../../../operations/sources.ts';
import { answers } from '../answers.ts';
import type { KombifyDeps } from '../exec/deps.ts';
import { listOf, record } from '../schemas.ts';

const TEXT = { type: 'string' } as const;

const SOURCE = record({
  name: TEXT,
  path: TEXT,
  location: TEXT,
  branch: TEXT,
  root: TEXT,
  revision: { type: ['string', 'null'] },
  error: { anyOf: [record({ code: TEXT, message: TEXT }), { type: 'null' }] },
  stacks: { type: 'integer' },
  counts: { type: 'object', additionalProperties: { type: 'integer' } },
});

interface SourcesQuery {
  readonly counts?: boolean;
}

const sourcesQuery = shape<SourcesQuery>({
  type: 'object',
  properties: {
    counts: {
      type: 'boolean',
      description: 'false: counts is empty, and no stack is looked at. Default true.',
    },
  },
});

/** The repositories of the daemon; each has an API of its own, with this list in it. */
export const sourceRoutes: readonly Route<KombifyDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/sources',
    id: 'listSources',
    tag: 'System',
    summary: 'The config repositories of this daemon',
    description: 'The API of a source, in every dialect, is below its path.',
    access: 'viewer',
    query: sourcesQuery,
    responses: {
      200: answers(
        "The daemon's own comes first, with an empty name and path. current: the one that this answer is from.",
        record({ current: { type: 'string' }, sources: listOf(SOURCE) }),
      ),
    },
    handle: ({ query }, { sources }: KombifyDeps) =>
      ok({ current: sources.current, sources: listSources(sources, query.counts ?? true) }),
  }),
];
