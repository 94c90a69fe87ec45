import type { ExecRight } from '../../../reconciler/index.ts';
import type { Accounts } from '../../accounts/accounts.ts';
import type { ApiDeps } from '../../operations/deps.ts';

/** The parts that this dialect works with. */
export interface WorkflowDeps extends ApiDeps {
  /** `null`: nobody can sign in here; keys and tokens of others alone count. */
  readonly accounts: Accounts | null;
  readonly execRight: ExecRight;
}
