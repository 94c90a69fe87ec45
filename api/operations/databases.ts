import type { DatabaseView } from '../../reconciler/index.ts';
import type { ApiDeps } from './deps.ts';

/** Database servers of all stacks with what they say of themselves, by stack and service. */
export function readDatabases(
  { reconciler }: ApiDeps,
  signal: AbortSignal,
): Promise<readonly DatabaseView[]> {
  return reconciler.databases(signal);
}
