import { HttpProblem } from '../../../http/problem.ts';
import type { ServerEvent } from '../../../http/route.ts';
import { defineRoute, ok } from '../../../http/route.ts';
import type { Route } from '../../../http/route.ts';
import { shape } from '../../../http/shape.ts';
import type { Identity } from '../../../auth/identity.ts';
import { followNotices } from '../../../operations/follow/follow-events.ts';
import { answers, answersEvents } from '../answers.ts';
import type { WorkflowDeps } from '../deps.ts';
import { listOf, record, refer, TEXT } from '../schemas.ts';
import { createNotificationView, noticeNumber, NOTIFICATION } from './notice-view.ts';
import { ownerOf } from '../owner.ts';

const TAG = 'Notifications';
const BASE = '/user-notifications';
const COUNT = { type: 'integer' };
const LIMIT = 20;

const listQuery = shape<{ readonly limit?: number; readonly offset?: number }>({
  type: 'object',
  properties: {
    limit: { type: 'integer', minimum: 1, maximum: 100, description: `Default ${LIMIT}.` },
    offset: { type: 'integer', minimum: 0, maximum: 1_000_000, description: 'Default 0.' },
  },
});

/** News of stacks; who has read which is kept for each caller. */
export const notificationRoutes: readonly Route<WorkflowDeps>[] = [
  defineRoute({
    method: 'GET',
    path: BASE,
    id: 'listNotifications',
    tag: TAG,
    summary: 'News of what is deployed',
    description:
      'Of all stacks, and of builds of the caller: deployments, failures, drift, and what waits for a yes. The newest thousand are kept.',
    access: 'viewer',
    query: listQuery,
    responses: {
      200: answers(
        'The newest first.',
        record({ notifications: listOf(NOTIFICATION), total: COUNT, unreadCount: COUNT }),
      ),
    },
    handle({ query: { limit = LIMIT, offset = 0 }, identity }, deps: WorkflowDeps) {
      const reader = ownerOf(identity);
      const show = createNotificationView(deps, identity);
      const notices = deps.reconciler.listNotices(reader, { limit, offset });
      const { total, unread } = deps.reconciler.countNotices(reader);
      const notifications = notices.map((notice) => show(notice, notice.isRead));
      return ok({ notifications, total, unreadCount: unread });
    },
  }),
  defineRoute({
    method: 'GET',
    path: `${BASE}/unread-count`,
    id: 'countUnreadNotifications',
    tag: TAG,
    summary: 'How many the caller has not read',
    access: 'viewer',
    responses: { 200: answers('The number.', record({ unreadCount: COUNT })) },
    handle: ({ identity }, { reconciler }: WorkflowDeps) =>
      ok({ unreadCount: reconciler.countNotices(ownerOf(identity)).unread }),
  }),
  defineRoute({
    method: 'GET',
    path: `${BASE}/stream`,
    id: 'followNotifications',
    tag: TAG,
    summary: 'News as they come',
    description:
      'Server-sent events: connected with the number of unread ones, then new_notification for each.',
    access: 'viewer',
    responses: {
      200: answersEvents('Until the client goes.'),
    },
    handle: ({ identity, signal }, deps: WorkflowDeps) => ({
      kind: 'events',
      events: follow(deps, identity, signal),
    }),
  }),
  defineRoute({
    method: 'PATCH',
    path: `${BASE}/:id/read`,
    id: 'markNotification',
    tag: TAG,
    summary: 'Marks one as read by the caller',
    access: 'viewer',
    params: { id: 'Id of the notification.' },
    responses: {
      200: answers('It is marked.', record({ message: TEXT })),
      400: answers('The id is none.', refer('Error')),
      404: answers('There is no such notification, or not any more.', refer('Error')),
    },
    handle({ params, identity }, { reconciler }: WorkflowDeps) {
      const number = noticeNumber(params['id'] ?? '');
      if (number === null) throw new HttpProblem('BAD_REQUEST', 'Invalid notification ID');
      if (reconciler.markNotice(ownerOf(identity), number))
        return ok({ message: 'Notification marked as read' });
      throw new HttpProblem('NOT_FOUND', 'Notification not found');
    },
  }),
  defineRoute({
    method: 'POST',
    path: `${BASE}/mark-all-read`,
    id: 'markAllNotifications',
    tag: TAG,
    summary: 'Marks all as read by the caller',
    access: 'viewer',
    responses: { 200: answers('They are marked.', record({ message: TEXT })) },
    handle({ identity }, { reconciler }: WorkflowDeps) {
      reconciler.markNotices(ownerOf(identity));
      return ok({ message: 'All notifications marked as read' });
    },
  }),
];

async function* follow(
  deps: WorkflowDeps,
  identity: Identity,
  signal: AbortSignal,
): AsyncGenerator<ServerEvent> {
  yield {
    event: 'connected',
    data: { unreadCount: deps.reconciler.countNotices(ownerOf(identity)).unread },
  };
  const reader = ownerOf(identity);
  for await (const notice of followNotices(deps, signal)) {
    if (notice.reader !== null && notice.reader !== reader) continue;
    yield { event: 'new_notification', data: createNotificationView(deps, identity)(notice, false) };
  }
}
