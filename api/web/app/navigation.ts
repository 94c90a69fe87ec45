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
import { UI } from '../client/home.ts';

export interface Place {
  readonly href: string;
  readonly text: string;
  readonly icon: IconNode;
  /** Second key after `g`. */
  readonly key: string;
  /** Least role that has something to see there. Default viewer. */
  readonly role?: Role;
  /** It is about one repository. Default true. */
  readonly ofRepository?: boolean;
}

/** Places of the page, in the order of the menu. */
export const PLACES: readonly Place[] = [
  { href: `${UI}/stacks`, text: 'Stacks', icon: Layers, key: 's' },
  { href: `${UI}/workflows`, text: 'Workflows', icon: Workflow, key: 'w' },
  { href: `${UI}/jobs`, text: 'Jobs', icon: History, key: 'j' },
  { href: `${UI}/nodes`, text: 'Nodes', icon: Server, key: 'n' },
  { href: `${UI}/data`, text: 'Databases', icon: Database, key: 'd' },
  { href: `${UI}/tags`, text: 'Release tags', icon: Tags, key: 't' },
  { href: `${UI}/instances`, text: 'Instances', icon: Boxes, key: 'i', ofRepository: false },
  { href: `${UI}/repository`, text: 'Repository', icon: FolderGit2, key: 'r' },
  {
    href: `${UI}/users`,
    text: 'Users and keys',
    icon: KeyRound,
    key: 'u',
    role: 'admin',
    ofRepository: false,
  },
  { href: `${UI}/audit`, text: 'Audit', icon: FileClock, key: 'a', role: 'admin', ofRepository: false },
];
