import { useEffect, useRef, useState } from 'preact/hooks';
import type { ApiError } from './request.ts';
import { toApiError } from './request.ts';

/** Pause after the last key before the daemon is asked, in milliseconds. */
const TYPING_MS = 500;

export interface Tried<T> {
  /** The newest answer; stays while the next one is waited for. */
  readonly data: T | null;
  readonly error: ApiError | null;
  readonly isChecking: boolean;
}

const NOTHING = { data: null, error: null, isChecking: false };

/**
 * Tries what somebody is writing once they stop typing. An answer that comes too late is dropped.
 *
 * @param key tells what is tried; `null`: there is nothing to try
 */
export function useTried<T>(
  key: string | null,
  ask: (signal: AbortSignal) => Promise<T>,
): Tried<T> & { readonly again: () => void } {
  const [state, setState] = useState<Tried<T>>(NOTHING);
  const [turn, setTurn] = useState(0);
  const latest = useRef(ask);
  latest.current = ask;
  useEffect(() => {
    if (key === null) {
      setState(NOTHING);
      return undefined;
    }
    const controller = new AbortController();
    setState((before) => ({ ...before, isChecking: true }));
    const timer = setTimeout(() => {
      latest.current(controller.signal).then(
        (data) => {
          if (!controller.signal.aborted) setState({ data, error: null, isChecking: false });
        },
        (error: unknown) => {
          if (!controller.signal.aborted)
            setState((before) => ({ ...before, error: toApiError(error), isChecking: false }));
        },
      );
    }, TYPING_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [key, turn]);
  return { ...state, again: () => setTurn((before) => before + 1) };
}
