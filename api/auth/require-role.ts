import type { Role } from '../../reconciler/index.ts';
import { HttpProblem } from '../http/problem.ts';
import type { Identity } from './identity.ts';

const RANK: Readonly<Record<Role, number>> = { viewer: 0, deployer: 1, admin: 2 };

/**
 * Lets through who has the role that a route asks for (`Route.access`). Roles are nested: an admin may do what a deployer may, a deployer what
 * a viewer may. Throws FORBIDDEN for others.
 */
export function requireRole(identity: Identity, role: Role): Identity {
  if (RANK[identity.role] >= RANK[role]) return identity;
  throw new HttpProblem('FORBIDDEN', `this needs the role ${role}; ${identity.name} is ${identity.role}`);
}
