import type { ChannelView } from '../../../../reconciler/index.ts';
import { defineRoute, ok } from '../../../http/route.ts';
import type { Route } from '../../../http/route.ts';
import type { ApiDeps } from '../../../operations/deps.ts';
import { answers } from '../answers.ts';
import { listOf, record, refer } from '../schemas.ts';

const TAG = 'Notifications';
const TEXT = { type: 'string' };
const MAYBE = { type: ['string', 'null'] };
const TIME = { type: 'string', format: 'date-time' };

const CHANNEL = record({
  name: TEXT,
  type: { enum: ['webhook', 'slack', 'ntfy', 'gotify', 'matrix', 'mail', 'apprise'] },
  host: MAYBE,
  events: listOf(TEXT),
  stacks: { type: ['array', 'null'], items: TEXT },
  default: { type: 'boolean' },
  quiet_until: { ...TIME, type: ['string', 'null'] },
  waiting: { type: 'integer' },
  last: {
    anyOf: [record({ time: TIME, error: MAYBE }), { type: 'null' }],
    description: 'The newest delivery of this process; error is null when it arrived.',
  },
});

function toChannel({ isDefault, quietUntil, ...view }: ChannelView) {
  const { name, type, host, events, stacks, waiting, last } = view;
  return { name, type, host, events, stacks, waiting, last, default: isDefault, quiet_until: quietUntil };
}

/** Ways to people that the operator has set up. */
export const channelRoutes: readonly Route<ApiDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/notifications/channels',
    id: 'listChannels',
    tag: TAG,
    summary: 'Channels of the operator, and how their newest delivery went',
    access: 'viewer',
    responses: { 200: answers('By name.', record({ channels: listOf(CHANNEL) })) },
    handle: (_, { reconciler }: ApiDeps) => ok({ channels: reconciler.listChannels().map(toChannel) }),
  }),
  defineRoute({
    method: 'POST',
    path: '/notifications/channels/:name/test',
    id: 'testChannel',
    tag: TAG,
    summary: 'Sends a test, in quiet hours too',
    access: 'deployer',
    params: { name: 'Name of the channel.' },
    responses: {
      200: answers('It has arrived.', record({ channel: TEXT, duration_ms: { type: 'integer' } })),
      404: answers('There is no such channel.', refer('Error')),
      503: answers('It has not arrived, with the reason.', refer('Error')),
    },
    async handle({ params, signal }, { reconciler }: ApiDeps) {
      const channel = params['name'] ?? '';
      return ok({ channel, duration_ms: await reconciler.testChannel(channel, signal) });
    },
  }),
];
