import { signal } from '@preact/signals';
import { HOME } from '../client/home.ts';
import { query } from '../client/request.ts';
import { readSession } from './session.ts';

/**
 * - `connecting` the first connection is being made
 * - `live` events come as they happen
 * - `broken` what is shown may be old
 */
export type LiveState = 'connecting' | 'live' | 'broken';

export const liveState = signal<LiveState>('connecting');
/** Counts the times at which events may have been missed: whoever shows something asks for it again. */
export const missed = signal(0);

const EVENTS = ['stack', 'gone', 'repository', 'node', 'health', 'job', 'step', 'log'] as const;
export type LiveEvent = (typeof EVENTS)[number];

type Listener = (data: unknown) => void;

const listeners = new Map<LiveEvent, Set<Listener>>();
/** Job whose steps and lines are wanted as well. */
let followed: string | null = null;
let source: EventSource | null = null;
let hasOpened = false;
let lastId = '';
let retry: ReturnType<typeof setTimeout> | undefined;
let rest: ReturnType<typeof setTimeout> | undefined;
let attempts = 0;
const LONGEST_PAUSE_MS = 15_000;
/** Time after which a hidden tab gives its connection back: browsers have six for each server, of all tabs together. */
const HIDDEN_MS = 5_000;

/**
 * Calls back with the data of each event of a kind.
 *
 * @returns stops that
 */
export function onEvent<T>(type: LiveEvent, listener: (data: T) => void): () => void {
  const own = listeners.get(type) ?? new Set<Listener>();
  listeners.set(type, own);
  own.add(listener as Listener);
  return () => own.delete(listener as Listener);
}

/** Connects, and again whenever the connection is lost. */
export function connect(): void {
  document.addEventListener('visibilitychange', heedSight);
  open();
  heedSight();
}

export function disconnect(): void {
  document.removeEventListener('visibilitychange', heedSight);
  clearTimeout(rest);
  close();
  hasOpened = false;
  lastId = '';
  liveState.value = 'connecting';
}

/** Asks for the steps and lines of a job too; `null`: of none. */
export function followJob(id: string | null): void {
  if (followed === id) return;
  followed = id;
  if (source !== null) open();
}

/** Gives the connection of a tab that nobody sees back, and goes on where it stood once the tab is seen again. */
function heedSight(): void {
  clearTimeout(rest);
  if (document.visibilityState === 'hidden') rest = setTimeout(close, HIDDEN_MS);
  else if (source === null || liveState.value === 'broken') open();
}

function close(): void {
  clearTimeout(retry);
  source?.close();
  source = null;
}

function open(): void {
  close();
  const hasGap = hasOpened && lastId === '';
  hasOpened = true;
  const opened = new EventSource(
    `${HOME}/api/v1/events${query({ job: followed ?? undefined, after: lastId })}`,
  );
  source = opened;
  opened.addEventListener('hello', (event) => {
    keepId(event);
    attempts = 0;
    if (hasGap || liveState.value === 'broken') missed.value += 1;
    liveState.value = 'live';
  });
  opened.addEventListener('reset', (event) => {
    keepId(event);
    missed.value += 1;
  });
  for (const type of EVENTS) opened.addEventListener(type, (event) => tell(type, event));
  opened.addEventListener('error', () => {
    if (source !== opened) return;
    liveState.value = 'broken';
    // The browser tries again by itself, unless the answer was a refusal.
    if (opened.readyState !== EventSource.CLOSED) return;
    attempts += 1;
    retry = setTimeout(open, Math.min(LONGEST_PAUSE_MS, 500 * 2 ** attempts));
    // The reason for a refusal is not told; that nobody is signed in any more would be one.
    void readSession();
  });
}

function keepId(event: Event): void {
  const { lastEventId } = event as MessageEvent<string>;
  if (lastEventId !== '') lastId = lastEventId;
}

function tell(type: LiveEvent, event: Event): void {
  keepId(event);
  const own = listeners.get(type);
  if (own === undefined || own.size === 0) return;
  const data: unknown = JSON.parse((event as MessageEvent<string>).data);
  for (const listener of own) listener(data);
}
