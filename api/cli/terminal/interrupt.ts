/** Ctrl-C in two stages: the first asks for a clean end, the second does not wait for it. */
export interface Interrupt extends Disposable {
  /** Aborts on the first signal. */
  readonly signal: AbortSignal;
  /** True when somebody asked to stop. */
  readonly stopped: boolean;
  /** Signal that asked first. */
  readonly by: 'SIGINT' | 'SIGTERM' | undefined;
  /** Sets what the first signal does before anything is aborted; the newest handler counts, disposing takes it back. */
  onStop(handler: () => void): Disposable;
}

export interface InterruptOptions {
  readonly process: Pick<NodeJS.Process, 'on' | 'off' | 'exit'>;
  /** Exit code of the second signal. */
  readonly code: number;
}

/**
 * Listens to SIGINT and SIGTERM. While a handler is set, the first signal only calls it (the handler decides how to end);
 * otherwise it aborts `signal`. The second exits at once.
 */
export function createInterrupt({ process, code }: InterruptOptions): Interrupt {
  const controller = new AbortController();
  const handlers: (() => void)[] = [];
  let by: 'SIGINT' | 'SIGTERM' | undefined;
  const listener = (name: 'SIGINT' | 'SIGTERM') => {
    if (by !== undefined) process.exit(code);
    by = name;
    const handler = handlers.at(-1);
    if (handler === undefined) controller.abort(new Error('interrupted'));
    else handler();
  };
  const onInt = () => listener('SIGINT');
  const onTerm = () => listener('SIGTERM');
  process.on('SIGINT', onInt);
  process.on('SIGTERM', onTerm);
  return {
    signal: controller.signal,
    get stopped() {
      return by !== undefined;
    },
    get by() {
      return by;
    },
    onStop(handler) {
      handlers.push(handler);
      return {
        [Symbol.dispose]() {
          const index = handlers.indexOf(handler);
          if (index >= 0) handlers.splice(index, 1);
        },
      };
    },
    [Symbol.dispose]() {
      process.off('SIGINT', onInt);
      process.off('SIGTERM', onTerm);
    },
  };
}
