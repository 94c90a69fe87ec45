import { defineRoute, ok } from '../../../http/route.ts';
import type { Route } from '../../../http/route.ts';
import type { ApiDeps } from '../../../operations/deps.ts';
import type { PlacedResource, RunPlace, ServiceTree } from '../../../operations/live/stack-resources.ts';
import { readStackTree } from '../../../operations/live/stack-resources.ts';
import { answers } from '../answers.ts';
import { listOf, record } from '../schemas.ts';
import { STACK_ID } from '../stack-routes.ts';

const TEXT = { type: 'string' };
const MAYBE = { type: ['string', 'null'] };
const TEXTS = listOf(TEXT);

const PLACE = record({
  kind: { enum: ['container', 'pod'] },
  name: TEXT,
  id: TEXT,
  status: TEXT,
  message: MAYBE,
  created_at: MAYBE,
  started_at: MAYBE,
  restarts: { type: ['integer', 'null'] },
  image: MAYBE,
  ports: TEXTS,
});

const RESOURCE = record(
  {
    id: TEXT,
    kind: TEXT,
    name: TEXT,
    node: TEXT,
    status: TEXT,
    message: MAYBE,
    change: { enum: ['create', 'update', 'replace', 'delete'] },
    places: listOf(PLACE),
  },
  ['change'],
);

const TREE = record({
  services: listOf(
    record({
      name: TEXT,
      node: TEXT,
      status: TEXT,
      message: MAYBE,
      addresses: TEXTS,
      resources: listOf(RESOURCE),
    }),
  ),
  others: listOf(RESOURCE),
  silent: listOf(record({ node: TEXT, message: TEXT })),
});

export const resourceRoutes: readonly Route<ApiDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/stacks/:id/resources',
    id: 'getStackResources',
    tag: 'Stacks',
    summary: 'What a stack has, service by service, down to containers and pods',
    description:
      'As described, and as it was seen last; watched from the first time on that somebody asks, so later answers ask no target. change is what the newest plan wants to make of it.',
    access: 'viewer',
    params: STACK_ID,
    responses: {
      200: answers(
        'others: what is of no single service, such as networks and volumes. silent: nodes that tell nothing at the moment.',
        TREE,
      ),
    },
    async handle({ params, signal }, deps: ApiDeps) {
      const { services, others, silent } = await readStackTree(deps, params['id'] ?? '', signal);
      return ok({ services: services.map(toService), others: others.map(toResource), silent });
    },
  }),
];

function toService({ service, message, addresses, resources }: ServiceTree) {
  const { name, node, health: status } = service;
  return { name, node, status, message, addresses, resources: resources.map(toResource) };
}

function toResource({ id, kind, name, node, status, message, change, places }: PlacedResource) {
  const shown = { id, kind, name, node, status, message };
  return { ...shown, ...(change === null ? {} : { change }), places: places.map(toPlace) };
}

function toPlace({ createdAt, startedAt, ...place }: RunPlace) {
  return { ...place, created_at: createdAt, started_at: startedAt };
}
