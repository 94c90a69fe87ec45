import { ReconcilerError } from '../../../../reconciler/index.ts';
import type { StackView } from '../../../../reconciler/index.ts';
import type { ApiDeps } from '../../../operations/deps.ts';

/** Throws UNKNOWN_STACK, also for a stack that is no workflow. */
export function findWorkflow({ reconciler }: ApiDeps, name: string): StackView {
  const view = reconciler.getStack(name);
  if (view.kind === 'workflow') return view;
  throw new ReconcilerError('UNKNOWN_STACK', `${name} is no workflow`);
}
