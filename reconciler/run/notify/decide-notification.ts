import type { Notification } from '../../ports/notifier.ts';
import type { SyncState } from '../../public/reconciler.ts';

export type NotificationType = Notification['type'];

/** The last notification of a stack, and the revision it was about. */
export interface Told {
  readonly type: NotificationType;
  readonly revision: string | null;
}

/** Topic that people should know of in a state; `null`: it passes, or is as somebody wants it. */
const WORTH_TELLING: Readonly<Record<SyncState, 'failed' | 'drift' | 'blocked' | 'well' | null>> = {
  in_sync: 'well',
  failed: 'failed',
  degraded: 'failed',
  invalid: 'failed',
  drifted: 'drift',
  blocked: 'blocked',
  pending: null,
  applying: null,
  stopped: null,
  removed: null,
  unknown: null,
};

/** Decides what to tell now that a stack is in this state, `null` for nothing. Pure. */
export function decideNotification(
  state: SyncState,
  revision: string | null,
  told: Told | undefined,
): Exclude<NotificationType, 'synced'> | null {
  const worth = WORTH_TELLING[state];
  if (worth === null) return null;
  const isTrouble = told !== undefined && told.type !== 'synced' && told.type !== 'recovered';
  if (worth === 'well') return isTrouble ? 'recovered' : null;
  return told?.type === worth && told.revision === revision ? null : worth;
}
