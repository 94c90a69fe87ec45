import type { Plan } from '../../plan/plan.ts';
import type { DesiredState } from '../../ports/desired.ts';

/** Says which stacks that left the repository may be removed without being asked for by name. */
export class Removals {
  readonly #desired: DesiredState;
  readonly #blocked = new Map<string, string>();

  constructor(desired: DesiredState) {
    this.#desired = desired;
  }

  /** Too many left at once, say: this one waits for a yes. */
  block(stack: string, reason: string): void {
    this.#blocked.set(stack, reason);
  }

  unblock(stack: string): void {
    this.#blocked.delete(stack);
  }

  /** A stack that left the repository goes without asking, unless there is a doubt, or it came from elsewhere. */
  mayGo({ stack, confirmations }: Plan): boolean {
    if (this.#desired.get(stack) !== undefined || this.whyNot(stack) !== null) return false;
    return confirmations.every(({ code }) => code === 'DELETES_STACK');
  }

  /** Many left at once, or a broken file may be the one that describes it; `null` for one that is described. */
  whyNot(stack: string): string | null {
    if (this.#desired.get(stack) !== undefined) return null;
    const blocked = this.#blocked.get(stack);
    if (blocked !== undefined) return blocked;
    const [file] = this.#desired.nameless();
    if (file !== undefined)
      return `${file} does not tell which stack it describes; mend it, or destroy ${stack} by hand`;
    const { policy, released } = this.#desired.settings();
    if (released.includes(stack))
      return `${stack} was given back to Compose: take it out of released in kombinator.yaml to have it again`;
    const { prune } = policy;
    return prune === 'yes' ? null : `no longer described; policy.prune is ${prune}, so destroy it by hand`;
  }
}
