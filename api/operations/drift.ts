import type { Actor, DriftCheck, DriftRequest, DriftResolution } from '../../reconciler/index.ts';
import type { ApiDeps } from './deps.ts';
import { newSignal, readAgain } from './write.ts';

/** Asks the targets; throws UNKNOWN_STACK, TARGET_UNREACHABLE. */
export function checkDrift(
  { reconciler }: ApiDeps,
  stack: string,
  actor: Actor,
  signal: AbortSignal,
): Promise<DriftCheck> {
  return reconciler.checkDrift(stack, actor, signal);
}

/** Carried through even when whoever asked goes away. Throws BAD_OPTIONS, CONFIRMATION_REQUIRED, WRITE_CONFLICT. */
export async function resolveDrift(
  deps: ApiDeps,
  request: Omit<DriftRequest, 'trigger'>,
): Promise<DriftResolution> {
  const resolution = await deps.reconciler.resolveDrift({ ...request, trigger: 'api' }, newSignal());
  if (resolution.write !== null) await readAgain(deps);
  return resolution;
}
