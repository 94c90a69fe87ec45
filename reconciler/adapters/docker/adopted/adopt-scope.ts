import type { ObserveScope } from '../../../ports/target.ts';
import type { Adapter } from '../adapter.ts';

/** Looks at a stack with the project that it has adopted; a trial leaves nothing behind. */
export async function withAdoption<T>(
  adapter: Pick<Adapter, 'adoptions' | 'name'>,
  scope: ObserveScope,
  look: () => Promise<T>,
): Promise<T> {
  const { adoptions } = adapter;
  const before = adoptions.ofStack(scope.stack) ?? null;
  adopt(adapter, scope);
  try {
    return await look();
  } finally {
    if (scope.trial === true) adoptions.put(scope.stack, before);
  }
}

/** Remembers whose a Compose project is. The description of a stack that leaves may be gone already; its project is its own until that is, too. */
function adopt(
  { adoptions, name }: Pick<Adapter, 'adoptions' | 'name'>,
  { stack, adopts, desired, leaving }: ObserveScope,
): void {
  if (adopts !== undefined) {
    const node = desired[0]?.target ?? name;
    // Nothing is described any more of a stack that is on its way out, but what it had is still its own.
    const described =
      desired.length > 0 || leaving !== true ? desired : (adoptions.of(adopts.project)?.desired ?? []);
    adoptions.put(stack, { ...adopts, stack, node, desired: described });
  } else if (leaving !== true) adoptions.put(stack, null);
}

/** Forgets the project of a stack that is gone: who makes one of its name by hand later has one of his own. */
export function forget(
  { adoptions }: Pick<Adapter, 'adoptions' | 'name'>,
  { stack, leaving }: ObserveScope,
): void {
  if (leaving === true) adoptions.put(stack, null);
}
