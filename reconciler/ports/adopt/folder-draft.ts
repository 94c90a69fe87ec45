import type { Diagnostic } from '../../base/diagnostic.ts';
import type { FileWrite } from '../source.ts';
import type { AdoptionNote, Sealer } from './adoption-draft.ts';
import type { HostLimits, HostPath } from './compose-projects.ts';

/** A Compose project of a folder. */
export interface FolderProject {
  /** Path from the root of the folder; empty: the root itself. */
  readonly directory: string;
  /** Name that it runs under. Default: the one that Compose would give it. */
  readonly name?: string;
  /** Its Compose files, from its directory, later ones over earlier ones. */
  readonly files: readonly string[];
  /** Services that run. */
  readonly services: readonly string[];
}

export interface FolderRequest {
  /** Absolute path. */
  readonly root: string;
  readonly projects: readonly FolderProject[];
  /** Takes over what runs of them as it is. */
  readonly adopts: boolean;
  /** Only these projects are stacks, and no others that a glob would find. */
  readonly isPicked: boolean;
  /** Texts of `kombinator.yaml`, `.gitignore` and `.age-recipients`; empty, and `null` of the last: there is none. */
  readonly settings: string;
  readonly ignored: string;
  readonly recipients: string | null;
  /** Tells files, and directories with files, that Git knows already; paths from the root. */
  readonly isTracked: (path: string) => boolean;
  /** Tells files that Git is told to leave out; paths from the root. */
  readonly isIgnored: (path: string) => boolean;
  /** Reads an absolute path of this machine. */
  readonly read: (path: string, limits: HostLimits) => Promise<HostPath>;
  readonly seal: Sealer;
}

/** Files that make a folder a repository. Nothing is written yet. */
export interface FolderDraft {
  /** Files that are new or changed, by paths from the root. */
  readonly writes: readonly FileWrite[];
  /** Files that are there and belong into the repository as they are. */
  readonly takes: readonly string[];
  readonly projects: readonly ProjectDraft[];
}

interface ProjectDraft {
  readonly directory: string;
  /** Name of the stack. */
  readonly stack: string;
  readonly notes: readonly AdoptionNote[];
  /** Errors only. */
  readonly diagnostics: readonly Diagnostic[];
  /** Paths from the root that a container may write to and that Git knows. */
  readonly tracked: readonly string[];
}
