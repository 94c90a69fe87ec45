import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Notification, Notifier } from '../../ports/notifier.ts';
import type { Job } from '../../ports/store.ts';
import type { Reconciler, ReconcilerEvent, SyncState } from '../../public/reconciler.ts';
import type { Told } from './decide-notification.ts';
import { decideNotification } from './decide-notification.ts';
import { Delivery } from './delivery.ts';

export interface NotificationsOptions {
  readonly reconciler: Pick<Reconciler, 'subscribe' | 'getStack' | 'repository'>;
  readonly notifiers: readonly Notifier[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** News of each stack that was told last, before now. Default: none is known. */
  readonly told?: readonly (Told & { readonly stack: string })[];
  /** Most that wait for one notifier. Default 100. */
  readonly capacity?: number;
}

/** Tells notifiers what becomes of stacks, from now until it is disposed of. */
export function startNotifications(options: NotificationsOptions): AsyncDisposable {
  const { reconciler, notifiers, clock, logger, capacity = 100 } = options;
  const deliveries = notifiers.map((notifier) => new Delivery({ notifier, clock, logger, capacity }));
  const told = new Map<string, Told>(options.told?.map((one) => [one.stack, one]));
  const tell = (notification: Notification): void => {
    const { stack, type, revision } = notification;
    // A deployment that ended well is no news of how its stack is: that is told by the state that follows.
    if (type !== 'synced') told.set(stack, { type, revision });
    for (const delivery of deliveries) delivery.add(notification);
  };
  const subscription = reconciler.subscribe((event) => {
    const found = toNotification(options, event, told);
    if (found !== null) tell(found);
  });
  return {
    async [Symbol.asyncDispose]() {
      subscription[Symbol.dispose]();
      await Promise.all(deliveries.map((delivery) => delivery[Symbol.asyncDispose]()));
    },
  };
}

function toNotification(
  options: NotificationsOptions,
  event: ReconcilerEvent,
  told: ReadonlyMap<string, Told>,
): Notification | null {
  if (event.type === 'job') return toSynced(options, event.job);
  if (event.type !== 'stack') return null;
  return toNews(options, event, told.get(event.stack));
}

function toSynced({ clock }: NotificationsOptions, job: Job): Notification | null {
  const { id, stack, revision, tag, status, endedAt } = job;
  if (status !== 'completed' || endedAt === null || tag === null) return null;
  const time = new Date(clock.now()).toISOString();
  return { type: 'synced', stack, revision, message: null, job: id, time, tag };
}

function toNews(
  { reconciler, clock }: NotificationsOptions,
  { stack, state }: { readonly stack: string; readonly state: SyncState },
  told: Told | undefined,
): Notification | null {
  const revision = reconciler.repository().revision?.commit ?? null;
  const type = decideNotification(state, revision, told);
  if (type === null) return null;
  const { message, lastJob, drift } = reconciler.getStack(stack);
  const time = new Date(clock.now()).toISOString();
  const occasion = { stack, revision, message, job: lastJob?.id ?? null, time };
  if (type !== 'drift') return { type, ...occasion };
  const resources = [...new Set(drift.changes.map(({ resource }) => resource))];
  return { type, ...occasion, resources };
}
