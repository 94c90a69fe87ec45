import { useRef, useState } from 'preact/hooks';
import { toApiError } from '../client/request.ts';
import { announceError } from './announce.tsx';

/** Shortest time that a deed takes, in milliseconds: the second press of a double click is no second wish. */
const LEAST_MS = 600;

export interface Deed {
  /** True from the press until the same may be done again. */
  readonly isBusy: boolean;
  /** Does it, unless it is being done; ends with the work, and never fails. */
  readonly run: () => Promise<void>;
}

/**
 * Something that a button, or a key, does by itself: once at a time, and told where it goes wrong.
 *
 * @param failure words for what has not been done then, such as `Not held`
 */
export function useDeed(failure: string, work: () => Promise<void>): Deed {
  const [isBusy, setBusy] = useState(false);
  // A state is seen only once it is drawn, which is too late for a fast second press.
  const isOn = useRef(false);
  const run = async (): Promise<void> => {
    if (isOn.current) return;
    isOn.current = true;
    setBusy(true);
    const began = performance.now();
    try {
      await work();
    } catch (error) {
      announceError(failure, toApiError(error));
    } finally {
      const end = (): void => {
        isOn.current = false;
        setBusy(false);
      };
      setTimeout(end, Math.max(0, began + LEAST_MS - performance.now()));
    }
  };
  return { isBusy, run };
}
