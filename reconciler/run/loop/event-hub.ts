import type { ReconcilerEvent } from '../../public/reconciler.ts';

export interface EventHub {
  publish(event: ReconcilerEvent): void;
  subscribe(listener: (event: ReconcilerEvent) => void): Disposable;
}

/** Delivers at once, in order of subscription; a listener that throws does not keep others from hearing. */
export function createEventHub(onListenerError: (error: unknown) => void): EventHub {
  const listeners = new Set<(event: ReconcilerEvent) => void>();
  return {
    publish(event) {
      for (const listener of listeners) {
        try {
          listener(event);
        } catch (error) {
          onListenerError(error);
        }
      }
    },
    subscribe(listener) {
      listeners.add(listener);
      return {
        [Symbol.dispose]() {
          listeners.delete(listener);
        },
      };
    },
  };
}
