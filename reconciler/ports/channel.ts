import type { NewsEvent } from '../model/notify/events.ts';
import type { Notifier } from './notifier.ts';

export const CHANNEL_TYPES = ['webhook', 'slack', 'ntfy', 'gotify', 'matrix', 'mail', 'apprise'] as const;
export type ChannelType = (typeof CHANNEL_TYPES)[number];

/** One way to people that the operator has set up; stacks choose it by its name. */
export interface Channel {
  readonly name: string;
  readonly type: ChannelType;
  /** Host that it leads to, for people; `null` where the whole address is a secret. */
  readonly host: string | null;
  /** News that it is for where a stack does not say. */
  readonly events: readonly NewsEvent[];
  /** Patterns of the stacks that may choose it. Left out: all, and it is told of nodes and the repository as well. */
  readonly stacks?: readonly string[];
  /** Told also of stacks that have chosen nothing. */
  readonly isDefault: boolean;
  /** News that do not wait in quiet hours. */
  readonly urgent: readonly NewsEvent[];
  /** Returns when the quiet hours of that moment end, both in milliseconds since the epoch; `null` when there are none. */
  quietUntil(now: number): number | null;
  readonly notifier: Notifier;
}
