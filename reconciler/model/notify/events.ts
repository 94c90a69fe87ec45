/*
 * The words for news of stacks, nodes and the repository; what the operator's channels and `policy.notify` of a repository choose by.
 */

/** Kinds of news that something is not as it should be. */
export const TROUBLES = [
  'failed',
  'drift',
  'blocked',
  'frozen',
  'node_away',
  'backup_failed',
  'findings',
] as const;
export type Trouble = (typeof TROUBLES)[number];

/** Kinds of news that a channel may be for. */
export const NEWS_EVENTS = ['synced', 'recovered', ...TROUBLES] as const;
export type NewsEvent = (typeof NEWS_EVENTS)[number];

/** Events of a channel where nobody says which: everything but deployments that went well. */
export const DEFAULT_EVENTS: readonly NewsEvent[] = NEWS_EVENTS.filter((event) => event !== 'synced');

export function isNewsEvent(value: unknown): value is NewsEvent {
  return NEWS_EVENTS.some((event) => event === value);
}

/** Channels that a stack has chosen, by name; `null`: the events that the channel is for. */
export type NotifyChoice = ReadonlyMap<string, readonly NewsEvent[] | null>;
