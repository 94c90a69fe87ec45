import { useEffect, useRef } from 'preact/hooks';
import { missed, onEvent } from './live.ts';
import type { LiveEvent } from './live.ts';

/** Calls back with the events of a kind while a screen is shown. */
export function useEvent<T>(type: LiveEvent, listener: (data: T) => void): void {
  const latest = useRef(listener);
  latest.current = listener;
  useEffect(() => onEvent<T>(type, (data) => latest.current(data)), [type]);
}

/** Calls back when events may have been missed. */
export function useMissed(reload: () => void): void {
  const latest = useRef(reload);
  latest.current = reload;
  useEffect(() => {
    let isFirst = true;
    return missed.subscribe(() => {
      if (!isFirst) latest.current();
      isFirst = false;
    });
  }, []);
}

/** Calls a function when it was asked for and then left in peace for a moment, and at the latest after `atMostMs`. */
export function useCalmly(work: () => void, pauseMs = 150, atMostMs = 1_000): () => void {
  const latest = useRef(work);
  latest.current = work;
  const timers = useRef<{ pause?: ReturnType<typeof setTimeout>; since?: number }>({});
  useEffect(() => () => clearTimeout(timers.current.pause), []);
  return useRef(() => {
    const now = performance.now();
    timers.current.since ??= now;
    clearTimeout(timers.current.pause);
    const rest = Math.max(0, Math.min(pauseMs, timers.current.since + atMostMs - now));
    timers.current.pause = setTimeout(() => {
      timers.current = {};
      latest.current();
    }, rest);
  }).current;
}
