import type { ResourceId } from '../../model/resource.ts';
import type { Change, RolloutStep } from '../../plan/plan.ts';
import type { Clock } from '../../ports/clock.ts';

/** A container of several with its place in the rolling update. */
export interface Member {
  readonly change: Change;
  readonly step: RolloutStep;
}

export type Outcome = 'keep' | 'revert';

/**
 * Keeps count of rolling updates while they are carried out: which are to stop because too much has failed, and what
 * becomes of the containers that wait, beside the old ones, for the rest to get healthy.
 */
export class Rollouts {
  readonly #groups = new Map<string, readonly ResourceId[]>();
  readonly #failures = new Map<string, number>();
  readonly #held = new Map<string, Member[]>();
  readonly #over = new Set<ResourceId>();

  constructor(changes: readonly Change[]) {
    for (const { id, rollout } of changes) {
      if (rollout !== undefined)
        this.#groups.set(rollout.group, [...(this.#groups.get(rollout.group) ?? []), id]);
    }
  }

  /** Too much has failed: nothing more of the service is replaced. */
  isHalted({ rollout }: Change): boolean {
    if (rollout === undefined || rollout.failureAction === 'continue') return false;
    return (this.#failures.get(rollout.group) ?? 0) > rollout.tolerates;
  }

  failed({ rollout }: Change): void {
    if (rollout === undefined) return;
    this.#failures.set(rollout.group, (this.#failures.get(rollout.group) ?? 0) + 1);
  }

  /** Tells whether the old container is kept until the whole service is through, to be put back should a later one fail. */
  holds({ rollout }: Change): boolean {
    return rollout?.failureAction === 'rollback' && (this.#groups.get(rollout.group)?.length ?? 0) > 1;
  }

  /** Tells whether both are part of one exchange. */
  exchanges({ rollout }: Change, id: ResourceId): boolean {
    return rollout?.exchange === true && this.#groups.get(rollout.group)?.includes(id) === true;
  }

  hold(change: Change): void {
    const { rollout: step } = change;
    if (step !== undefined)
      this.#held.set(step.group, [...(this.#held.get(step.group) ?? []), { change, step }]);
  }

  /** Nothing more will happen to this one by itself: replaced and healthy, failed, or never begun. */
  end({ id }: Change): void {
    this.#over.add(id);
  }

  /** Groups all of whose members have come to their end, with what was held; each is told once. */
  *finished(): Iterable<{ readonly outcome: Outcome; readonly members: readonly Member[] }> {
    for (const [group, ids] of this.#groups) {
      const members = this.#held.get(group);
      const [first] = members ?? [];
      if (members === undefined || first === undefined || !ids.every((id) => this.#over.has(id))) continue;
      this.#held.delete(group);
      yield { outcome: this.isHalted(first.change) ? 'revert' : 'keep', members };
    }
  }

  /** Takes what is held although its group will not end: the run was stopped. */
  takeHeld(): readonly Member[] {
    const members = [...this.#held.values()].flat();
    this.#held.clear();
    return members;
  }
}

export interface PutBack {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** @returns whether the old one runs again */
  readonly putBack: (change: Change) => Promise<boolean>;
  /** Not put back, because another one could not be. */
  readonly leave: (change: Change) => void;
}

/** The last replaced first, so many at a time and with such pauses as the service's `rollback_config` says. */
export async function putBackAll(members: readonly Member[], options: PutBack): Promise<void> {
  const backwards = members.toSorted((a, b) => b.step.number - a.step.number);
  const [first] = backwards;
  if (first === undefined) return;
  const { parallelism, delayMs, failureAction } = first.step.rollback;
  const size = parallelism || backwards.length;
  let stuck = false;
  for (let start = 0; start < backwards.length; start += size) {
    const batch = backwards.slice(start, start + size).map(({ change }) => change);
    if (stuck && failureAction === 'pause') {
      for (const change of batch) options.leave(change);
      continue;
    }
    // A run that is stopped puts the rest back at once.
    if (start > 0 && delayMs > 0) await options.clock.sleep(delayMs, options.signal).catch(() => undefined);
    const results = await Promise.all(batch.map(options.putBack));
    stuck ||= results.includes(false);
  }
}
