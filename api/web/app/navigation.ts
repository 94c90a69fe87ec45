import {
  Boxes,
  Database,
  FileClock,
  FolderGit2,
  History,
  KeyRound,
  Layers,
  Server,
  Tags,
  Workflow,
} from 'lucide';
import type { IconNode } from 'lucide';
import type { Role } from '../client/api-types.ts';

export interface Place {
  readonly href: string;
  readonly text: string;
  readonly icon: IconNode;
  /** Second key after `g`. */
  readonly key: string;
  /** Least role that has something to see there. Default viewer. */
  readonly role?: Role;
}

/** Places of the page, in the order of the menu. */
export const PLACES: readonly Place[] = [
  { href: '/ui/stacks', text: 'Stacks', icon: Layers, key: 's' },
  { href: '/ui/workflows', text: 'Workflows', icon: Workflow, key: 'w' },
  { href: '/ui/jobs', text: 'Jobs', icon: History, key: 'j' },
  { href: '/ui/nodes', text: 'Nodes', icon: Server, key: 'n' },
  { href: '/ui/data', text: 'Databases', icon: Database, key: 'd' },
  { href: '/ui/tags', text: 'Release tags', icon: Tags, key: 't' },
  { href: '/ui/instances', text: 'Instances', icon: Boxes, key: 'i' },
  { href: '/ui/repository', text: 'Repository', icon: FolderGit2, key: 'r' },
  { href: '/ui/users', text: 'Users and keys', icon: KeyRound, key: 'u', role: 'admin' },
  { href: '/ui/audit', text: 'Audit', icon: FileClock, key: 'a', role: 'admin' },
];
