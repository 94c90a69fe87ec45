import type { FileWrite } from '../source.ts';
import type { ComposeProject, HostLimits, HostPath } from './compose-projects.ts';

export interface AdoptionRequest {
  readonly project: ComposeProject;
  /** Name of the stack that the project is to become. */
  readonly stack: string;
  /** Shared node that it runs on; `null`: the engine of this machine. */
  readonly node: string | null;
  /** Reads a path of its host. */
  readonly read: (path: string, limits: HostLimits) => Promise<HostPath>;
  /** Encrypts values. Left out: those in clear stay where they are. */
  readonly seal?: Sealer;
}

/**
 * Encrypts a value for the public keys of a repository; where it names none, for the key of this machine, which is made if there is none.
 *
 * @param recipients text of `.age-recipients`; `null`: there is no such file
 */
export type Sealer = (value: Uint8Array, recipients: string | null) => Promise<SealedValue>;

export interface SealedValue {
  /** Text of the age file. */
  readonly text: string;
  /** Text of `.age-recipients`, which belongs into the repository. */
  readonly recipients: string;
}

/** A remark on a file of a project. */
export interface AdoptionNote {
  /** `content` and `secret` are committed, the latter encrypted; `data` stays on its host; `left out` is neither. */
  readonly kind: 'content' | 'data' | 'secret' | 'left out';
  /** Path from the directory of the project. */
  readonly path: string;
  /** Words for people; empty where there is nothing to add. */
  readonly message: string;
}

/** Files that describe a running project. Nothing is committed yet. */
export interface AdoptionDraft {
  /** Repository path of the kombination. */
  readonly file: string;
  readonly writes: readonly FileWrite[];
  readonly notes: readonly AdoptionNote[];
}
