import { EMPTY_WORLD, isHindered, soundStacks } from './model.ts';
import type { WorldModel } from './model.ts';

/** Remembers what every commit describes, and from that what may run while a description that cannot work is in force. */
export class Ledger {
  readonly #models = new Map<string, WorldModel>();
  readonly #order: string[] = [];
  #admissible = new Map<string, Set<number>>();
  #settled: WorldModel = EMPTY_WORLD;

  /** Everything that is described well may be running from now on. */
  record(commit: string, model: WorldModel): void {
    this.#models.set(commit, model);
    this.#order.push(commit);
    this.#admit(model);
  }

  /** A commit that the model of somebody else's making describes, such as an emptied repository. */
  note(commit: string, model: WorldModel): void {
    this.#models.set(commit, model);
  }

  /** All was seen to be as it should: of the stacks that can run, only this is right from now on. */
  settle(model: WorldModel): void {
    this.#settled = model;
    const sound = soundStacks(model);
    const isOfSound = (key: string) => sound.includes(key.split('/')[0]!);
    this.#admissible = new Map([...this.#admissible].filter(([key]) => !isOfSound(key)));
    this.#admit(model);
  }

  modelOf(commit: string): WorldModel | undefined {
    return this.#models.get(commit);
  }

  /** Commits of pushes, the oldest first. */
  commits(): readonly string[] {
    return this.#order;
  }

  /** Revisions of a service that may run; empty when none was ever described well. */
  admissible(stack: string, service: string): ReadonlySet<number> {
    return this.#admissible.get(`${stack}/${service}`) ?? new Set();
  }

  /** Tells whether the service was seen to run as described when all was quiet last: then some version of it has to run still. */
  hasRun(stack: string, service: string): boolean {
    const settled = this.#settled.stacks[stack];
    return settled?.services[service] !== undefined && !isHindered(this.#settled, stack);
  }

  settled(): WorldModel {
    return this.#settled;
  }

  #admit(model: WorldModel): void {
    for (const [name, stack] of Object.entries(model.stacks)) {
      const { breakage } = stack;
      if (breakage !== null && !('service' in breakage)) continue;
      for (const [service, { revision }] of Object.entries(stack.services)) {
        if (breakage?.service === service) continue;
        const key = `${name}/${service}`;
        this.#admissible.set(key, (this.#admissible.get(key) ?? new Set()).add(revision));
      }
    }
  }
}
