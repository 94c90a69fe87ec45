import { errorMessage, isReconcilerError } from '../../base/errors.ts';
import { targetKey } from '../../model/target.ts';
import type { TargetReference } from '../../model/target.ts';
import { findOwned, whyNotRemoved } from '../observe/orphans.ts';
import { refreshStatus } from '../reconcile/refresh-status.ts';
import type { ReconcileParts } from '../reconcile/parts.ts';
import type { Background } from './background.ts';

/** No target that was not known before for this long: all that are to be searched now are known. */
const SEARCH_DEBOUNCE_MS = 1_000;

export interface OrphanSearchOptions {
  /** Told each one that is found in the background, which is to be run. */
  readonly onOrphan: (stack: string) => void;
  /** Tells whether a stack has left with a push, which was judged then. */
  readonly hasLeft: (stack: string) => boolean;
}

/** Finds stacks of this repository that are on a target although nothing describes them any more. */
export class OrphanSearch {
  readonly #parts: ReconcileParts;
  readonly #options: OrphanSearchOptions;
  readonly #toSearch = new Map<string, TargetReference>();

  constructor(parts: ReconcileParts, options: OrphanSearchOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  /** A stack that is not described may still run somewhere: searches every target that the repository names. */
  async find(stack: string, signal: AbortSignal): Promise<void> {
    const { desired, stacks } = this.#parts.context;
    if (desired.get(stack) !== undefined || stacks.targetsOf(stack).length > 0) return;
    await this.#searchNamedTargets(signal);
  }

  /**
   * Looks at every stack of this repository that is on a target it names although nothing describes it any more.
   * Those that are too many to be removed unasked are blocked, as they are for a daemon.
   *
   * @returns their names, sorted
   */
  async leftovers(signal: AbortSignal): Promise<readonly string[]> {
    const { context, removals } = this.#parts;
    const { desired, stacks } = context;
    const described = new Set(desired.names());
    const found = await this.#searchNamedTargets(signal);
    const left = [...new Set(found)].filter((name) => !described.has(name)).sort();
    for (const stack of left) await this.#refreshStatusIfPossible(stack, signal);
    // Stacks that are gone but for their data wait for nothing.
    const going = left.filter((stack) => !['removed', undefined].includes(stacks.state(stack)));
    const reason = whyNotRemoved(context, going.length);
    if (reason !== null) {
      for (const stack of going) {
        removals.block(stack, reason);
        await this.#refreshStatusIfPossible(stack, signal);
      }
    }
    return left.filter((stack) => stacks.state(stack) !== undefined);
  }

  /** Targets come to be known one by one; they are searched together once no more come, so that orphans are counted together. */
  soon(reference: TargetReference, background: Background): void {
    this.#toSearch.set(targetKey(reference), reference);
    if (this.#toSearch.size > 1) return;
    background.run('search engines', async (signal) => {
      for (let known = 0; known < this.#toSearch.size;) {
        known = this.#toSearch.size;
        await this.#parts.context.clock.sleep(SEARCH_DEBOUNCE_MS, signal);
      }
      const references = [...this.#toSearch.values()];
      this.#toSearch.clear();
      await this.among(references, signal);
    });
  }

  /** Has orphans on these targets run, which removes them unless they are too many. Those that left with a push are not counted again. */
  async among(references: readonly TargetReference[], signal: AbortSignal): Promise<void> {
    const { context, removals } = this.#parts;
    const { onOrphan, hasLeft } = this.#options;
    const { desired, stacks } = context;
    if (desired.revision === null) return;
    const found = await Promise.all(references.map((one) => findOwned(context, one, signal, true)));
    const described = new Set(desired.names());
    const orphans = new Set(found.flat().filter((name) => !described.has(name)));
    // Stacks that are gone but for their data wait for nothing.
    const going = [...new Set([...orphans, ...stacks.names()])].filter(
      (name) => !described.has(name) && stacks.state(name) !== 'removed' && !hasLeft(name),
    );
    const reason = whyNotRemoved(context, going.length);
    for (const stack of orphans) {
      if (reason !== null && !hasLeft(stack)) removals.block(stack, reason);
      onOrphan(stack);
    }
  }

  /** A stack whose targets do not answer now is shown as it is known; planning it tells why. */
  async #refreshStatusIfPossible(stack: string, signal: AbortSignal): Promise<void> {
    const { logger } = this.#parts.context;
    try {
      await refreshStatus(this.#parts, stack, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!isReconcilerError(error)) throw error;
      logger.warn({ stack, error: errorMessage(error) }, 'a stack could not be looked at');
    }
  }

  /** @returns the stacks of this repository that are on any of them */
  async #searchNamedTargets(signal: AbortSignal): Promise<readonly string[]> {
    const { context } = this.#parts;
    const { desired } = context;
    const targets = new Map<string, TargetReference>();
    for (const { reference } of desired.nodes()) targets.set(targetKey(reference), reference);
    for (const name of desired.names()) {
      for (const reference of desired.get(name)?.targets ?? []) targets.set(targetKey(reference), reference);
    }
    const search = (reference: TargetReference) => findOwned(context, reference, signal);
    return (await Promise.all([...targets.values()].map(search))).flat();
  }
}
