import { isReconcilerError, ReconcilerError } from '../../base/errors.ts';
import { isRolled } from '../../model/kubernetes/kubernetes-object.ts';
import type { Change } from '../../plan/plan.ts';
import type { StepFailure } from './execution.ts';
import { messageOf } from './execution.ts';

/** Puts back what was replaced, whatever has taken its place meanwhile. */
export class Reverts {
  readonly #putBack: (change: Change) => Promise<void>;
  /** Changes to be put back once others have let go of what they took. */
  readonly #stuck: { readonly change: Change; readonly cause: unknown }[] = [];

  /** @param putBack has the target run the old object again; harmless when repeated */
  constructor(putBack: (change: Change) => Promise<void>) {
    this.#putBack = putBack;
  }

  /**
   * Puts one back. Something that it needs may be in other hands by now: those of its exchange give that back at the end, and for others it is
   * no reason to try the new one again (UNHEALTHY).
   */
  async revert(change: Change, cause: unknown): Promise<void> {
    try {
      await this.#putBack(change);
    } catch (error) {
      if (!isReconcilerError(error, 'PORT_TAKEN')) throw error;
      if (change.rollout?.exchange !== true) throw cannotRunAgain(cause, error);
      this.#stuck.push({ change, cause });
    }
  }

  /** Everybody has put back what is new: what each of an exchange had before is free again. Tells which could not be put back all the same. */
  async revertStuck(): Promise<readonly StepFailure[]> {
    const failures: StepFailure[] = [];
    for (const { change, cause } of this.#stuck) {
      try {
        await this.#putBack(change);
      } catch (error) {
        failures.push({ id: change.id, error: cannotRunAgain(cause, error), reverted: false });
      }
    }
    return failures;
  }
}

/** Tells whether its target knows how to put back what was there. */
export function isRevertible({ action, kind, fields }: Change): boolean {
  // A job that was put back would do its work again.
  if (action === 'replace') return kind !== 'Job';
  return action === 'update' && fields.length > 0 && isRolled(kind);
}

function cannotRunAgain(cause: unknown, error: unknown): ReconcilerError {
  const message = `${messageOf(cause)}; the version before cannot run again: ${messageOf(error)}`;
  return new ReconcilerError('UNHEALTHY', message, { cause: error });
}
