import type { Job } from '../ports/store.ts';
import type { Actor } from './views.ts';

/** A change to the config repository asked for over the API. Resolves to the commit. */
export interface WriteResult {
  readonly commit: string;
  readonly file: string;
}

export interface RollbackResult extends WriteResult {
  /** Every path that was brought back, or taken away. */
  readonly files: readonly string[];
}

/** Deployment to go back to: its number, or with a message of people above what ours tells of it. */
export type RollbackTarget = number | { readonly to: number; readonly message?: string };

/** A change to the document of a stack. */
export interface StackEdit {
  /** Top-level keys with their new values, or what makes them of what the document says by then; `null` takes one out. */
  readonly keys: object | ((document: unknown) => object);
  /** Tells whether the document is still the one that the change was made for. Default: it may be any. */
  readonly isBase?: (document: unknown) => boolean;
}

export interface DeleteStacksRequest {
  readonly stacks: readonly string[];
  /** Delete volumes too. Default false. */
  readonly volumes?: boolean;
  /** Also while a freeze window is open. Default false. */
  readonly overrideFreeze?: boolean;
  readonly actor: Actor;
  readonly trigger: string;
}

export interface DeletedStack {
  readonly stack: string;
  /** `null` when it was gone before it was its turn, or its turn did not come. */
  readonly job: Job | null;
  /** Reason why it is still there, `null` when it is not. */
  readonly error: { readonly code: string; readonly message: string } | null;
}

export interface StackDeletion {
  /** The commit that took their descriptions away; `null` when none of them was described. */
  readonly commit: string | null;
  /** Order in which they are removed: what depends on others goes first. */
  readonly order: readonly string[];
  /** Resolves when all were tried; never rejects. */
  readonly done: Promise<readonly DeletedStack[]>;
}

/** Changes to the config repository, each one commit. */
export interface WriteOperations {
  /** `document` is written as `kombinations/<name>/kombination.yaml`. Throws STACK_EXISTS, INVALID_CONFIGURATION. */
  createStack(name: string, document: object, actor: Actor, signal: AbortSignal): Promise<WriteResult>;
  /** Like `createStack`, as `workflows/<name>.yaml`. */
  createWorkflow(name: string, document: object, actor: Actor, signal: AbortSignal): Promise<WriteResult>;
  /** Replaces the given top-level keys of the document, keeps comments of the rest. Throws WRITE_CONFLICT when it is not the base. */
  updateStack(name: string, edit: StackEdit, actor: Actor, signal: AbortSignal): Promise<WriteResult>;
  /** Deletes the stack's file (and its directory when only its own files are in it) from the repository. */
  deleteStack(name: string, actor: Actor, signal: AbortSignal): Promise<WriteResult>;
  /**
   * Deletes the files of all these stacks in one commit, then removes what they have on their targets. Throws UNKNOWN_STACK, before anything
   * was changed, when one of them is not known, and FROZEN.
   */
  deleteStacks(request: DeleteStacksRequest): Promise<StackDeletion>;
  /**
   * Commits the stack's files as they were at deployment number `to`; the commit is then reconciled like any push, and leaves a deployment
   * tag of its own. Throws BAD_OPTIONS when there is no such deployment, it was a removal, or nothing differs; WRITE_CONFLICT when
   * somebody was faster.
   */
  rollback(stack: string, to: RollbackTarget, actor: Actor, signal: AbortSignal): Promise<RollbackResult>;
  /** `document` is written as `nodes/<name>.yaml`. Throws WORKER_EXISTS, INVALID_CONFIGURATION. */
  registerWorker(name: string, document: object, actor: Actor, signal: AbortSignal): Promise<WriteResult>;
  /** Throws WORKER_IN_USE when stacks refer to it. */
  unregisterWorker(name: string, actor: Actor, signal: AbortSignal): Promise<WriteResult>;
}
