import { untilAborted } from '../../base/abort-scope.ts';

/** Keeps the loop away from a stack for as long as something else has stopped a part of it. */
export class StackHolds {
  readonly #held = new Map<string, number>();
  readonly #runs = new Map<string, Promise<unknown>>();

  /** Tells whether the stack is to be left alone for now. */
  isHeld(stack: string): boolean {
    return this.#held.has(stack);
  }

  /** Carries out a run of the loop. Never two at the same time for one stack. */
  async run<T>(stack: string, work: () => Promise<T>): Promise<T> {
    const run = work();
    const settled = run.then(
      () => undefined,
      () => undefined,
    );
    this.#runs.set(stack, settled);
    try {
      return await run;
    } finally {
      this.#runs.delete(stack);
    }
  }

  /** Waits for the run under way, and lets none begin until the work is over. */
  async hold<T>(stack: string, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    this.#held.set(stack, (this.#held.get(stack) ?? 0) + 1);
    try {
      await untilAborted(this.#runs.get(stack) ?? Promise.resolve(), signal);
      return await work();
    } finally {
      const left = (this.#held.get(stack) ?? 1) - 1;
      if (left === 0) this.#held.delete(stack);
      else this.#held.set(stack, left);
    }
  }
}
