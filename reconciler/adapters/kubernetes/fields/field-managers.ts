import type { DesiredResource } from '../../../model/resource.ts';
import { matches } from '../../../model/wildcard.ts';

/** Tells of a manager whether what it has set in an object of ours is taken over. */
export type Hands = (manager: string) => boolean;

/** Programs of people. */
const PROGRAMS = ['kubectl', 'kubectl-*', 'before-first-apply', 'helm', 'oc', 'k9s', 'Mozilla', 'unknown'];
/** A restart is something that is done, and no setting. */
const DEEDS = new Set(['kubectl-rollout']);
/** Controllers write to what is described; nobody takes that from them who does not name them. */
const CONTROLLERS = /controller|^kube-|^kubelet$|^cert-manager|injector|operator|autoscaler/i;

const BY_DEFAULT = createHands(PROGRAMS);

/** Tells by the name whether a manager is a controller. */
export function isController(manager: string): boolean {
  return CONTROLLERS.test(manager);
}

/** Tells of whom the policy of an object's stack takes over what they have set. */
export function handsFor({ takeOver }: Pick<DesiredResource, 'takeOver'>): Hands {
  return takeOver === undefined ? BY_DEFAULT : createHands(takeOver);
}

/** @param names names of managers; a `*` stands for any characters, and then for no controller and no restart */
function createHands(names: readonly string[]): Hands {
  const written = names.map((name) => name.toLowerCase());
  const exact = new Set(written);
  const patterns = written.filter((name) => name.includes('*'));
  return (manager) => {
    const name = manager.toLowerCase();
    if (exact.has(name)) return true;
    return !isController(name) && !DEEDS.has(name) && patterns.some((pattern) => matches(pattern, name));
  };
}
