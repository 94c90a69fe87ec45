import type { DesiredStack } from '../../model/stack.ts';
import type { TargetReference } from '../../model/target.ts';
import { targetKey } from '../../model/target.ts';
import { hasCapability } from '../../ports/target-capabilities.ts';
import type { RunContext } from '../context.ts';
import type { StackObservation } from '../observe/observe-stack.ts';

/** Says what a plan with the newest images cannot do, and whom it touches beside its stack. */
export function newestWarnings(
  { desired, pool }: Pick<RunContext, 'desired' | 'pool'>,
  { name: stack, targets, resources }: Pick<DesiredStack, 'name' | 'targets' | 'resources'>,
  { resources: observed, references }: Pick<StackObservation, 'resources' | 'references'>,
): readonly string[] {
  const used = new Set(resources.map(({ target }) => target));
  const own = targets.filter(
    (reference) => used.has(reference.name) && !hasCapability(pool.get(reference), 'fetchesImages'),
  );
  const unasked = own.map(
    ({ name }) => `${name} fetches images itself: what moving tags stand for there is not asked`,
  );
  const shared = observed.flatMap(({ moved, target, name }) => {
    const reference = references.get(target);
    if (moved === undefined || reference === undefined) return [];
    const others = usersOf(desired, reference, name).filter((other) => other !== stack);
    if (others.length === 0) return [];
    return [
      `${name} is used by ${others.join(', ')} as well: what runs there is replaced when it is looked at next`,
    ];
  });
  return [...unasked, ...shared];
}

/** Stacks that want an image on a machine. */
function usersOf(
  desired: RunContext['desired'],
  reference: TargetReference,
  image: string,
): readonly string[] {
  const key = targetKey(reference);
  return desired.names().filter((name) => {
    const description = desired.get(name);
    const nodes = (description?.targets ?? []).filter((one) => targetKey(one) === key).map((one) => one.name);
    return (description?.resources ?? []).some(
      (one) => one.kind === 'image' && one.name === image && nodes.includes(one.target),
    );
  });
}
