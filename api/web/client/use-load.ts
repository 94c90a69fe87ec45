import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { oneAtATime } from './one-at-a-time.ts';
import type { ApiError } from './request.ts';
import { toApiError } from './request.ts';

export interface Loaded<T> {
  /** The newest answer; stays while the next one is waited for. */
  readonly data: T | null;
  readonly error: ApiError | null;
  /** True until the first answer. */
  readonly isLoading: boolean;
  /** Asks again, after the question that is under way; the data stays until the answer is there. */
  readonly reload: () => void;
  /** Puts something in the place of the data, which is known without asking. */
  readonly set: (change: (data: T) => T) => void;
}

/**
 * Asks for something when a screen is shown, and again when `key` changes. An answer that comes too late is dropped.
 *
 * @param key tells what is asked for; a change of it forgets the data, unless `keep` says that the old may stay until the new is there
 */
export function useLoad<T>(
  key: string | null,
  load: (signal: AbortSignal) => Promise<T>,
  { keep = false }: { readonly keep?: boolean } = {},
): Loaded<T> {
  const [state, setState] = useState<{ key: string | null; data: T | null; error: ApiError | null }>({
    key: null,
    data: null,
    error: null,
  });
  const latest = useRef(load);
  latest.current = load;
  const ask = useRef(() => {});

  useEffect(() => {
    if (key === null) return undefined;
    const controller = new AbortController();
    const { signal } = controller;
    const look = async (): Promise<void> => {
      try {
        const data = await latest.current(signal);
        if (!signal.aborted) setState({ key, data, error: null });
      } catch (error) {
        if (signal.aborted) return;
        const problem = toApiError(error);
        setState((before) => ({
          key,
          data: before.key === key || keep ? before.data : null,
          error: problem,
        }));
      }
    };
    // A request that is under way is not given up: where events come faster than answers, nothing would ever be shown.
    ask.current = oneAtATime(look, () => signal.aborted);
    ask.current();
    return () => {
      ask.current = () => {};
      controller.abort();
    };
  }, [key, keep]);

  const isOld = state.key !== key;
  const data = isOld && !keep ? null : state.data;
  const error = isOld ? null : state.error;
  const reload = useCallback(() => ask.current(), []);
  const set = useCallback(
    (change: (data: T) => T) =>
      setState((before) => (before.data === null ? before : { ...before, data: change(before.data) })),
    [],
  );
  return { data, error, isLoading: data === null && error === null, reload, set };
}
