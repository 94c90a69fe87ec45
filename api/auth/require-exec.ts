import type { ExecRight } from '../../reconciler/index.ts';
import { HttpProblem } from '../http/problem.ts';
import type { Identity } from './identity.ts';
import { requireRole } from './require-role.ts';

/** Lets through who may run programs in containers, as the operator has decided. Throws FORBIDDEN for others. */
export function requireExec(identity: Identity, right: ExecRight): Identity {
  if (right === 'nobody')
    throw new HttpProblem('FORBIDDEN', 'the operator lets nobody run programs in containers (exec)');
  return requireRole(identity, right === 'deployers' ? 'deployer' : 'admin');
}
