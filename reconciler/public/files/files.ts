import type { Diagnostic } from '../../base/diagnostic.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Actor } from '../views.ts';
import type { WriteResult } from '../writes.ts';

/** A file that describes a stack, as it is at the revision in force. */
export interface StackFile {
  readonly path: string;
  /** `null`: it is no text, too large, or holds a secret. */
  readonly text: string | null;
  /** Bytes; `null` where its content is not there. */
  readonly size: number | null;
  /** The document that tells which stack it is. */
  readonly isMain: boolean;
  /** Its content is encrypted, or the stack takes a secret from it. */
  readonly isSecret: boolean;
  /** Values that look like secrets read `***`. */
  readonly isMasked: boolean;
  /** Path where a symlink leads; left out for a file. */
  readonly link?: string;
  readonly diagnostics: readonly Diagnostic[];
}

export interface StackFiles {
  /** Commit that they are of. */
  readonly revision: string;
  /** The document first, then by path. */
  readonly files: readonly StackFile[];
  /** Number of files that are left out at the end. */
  readonly omitted: number;
}

/** A file as it is to be; `null` takes it away. */
export interface FileEdit {
  readonly path: string;
  readonly text: string | null;
}

export interface FilesRequest {
  readonly stack: string;
  /** Each path once; files that are not named stay as they are. */
  readonly files: readonly FileEdit[];
  /** Commit that the files were read at. Default: the one in force. */
  readonly base?: string;
}

/** Difference of one file in the form of `diff -u`; what looks like a secret is masked. */
export interface FileDiff {
  readonly path: string;
  readonly diff: string;
}

/** Effect that a commit would have. */
export interface FilesPreview {
  /** Files that differ, by path. */
  readonly diff: readonly FileDiff[];
  /** Findings in the stack, and errors that others get by it. */
  readonly diagnostics: readonly Diagnostic[];
  /** `null` where errors leave nothing to plan, or no node of the stack answers. Its revision is `null`. */
  readonly plan: Plan | null;
  /** Other stacks that rest on one of the files, sorted. */
  readonly others: readonly string[];
}

export interface FilesWrite extends WriteResult {
  /** Paths that the commit changed, sorted. */
  readonly files: readonly string[];
}

export interface IgnoreDriftRequest {
  readonly stack: string;
  /** Id of a resource of the stack, `local/container/web`. */
  readonly resource: string;
  /** Path of a field of it, as its drift has it: `env.LEVEL`. */
  readonly field: string;
  readonly message?: string;
}

export interface CompareRequest {
  readonly stack: string;
  /** Number of a deployment. */
  readonly from: number;
  /** Number of another one, or what the branch says now. */
  readonly to: number | 'current';
}

export interface ComparedDeployment {
  /** `null`: what the branch says now. */
  readonly number: number | null;
  readonly revision: string;
}

/** A commit that changed files of a stack. */
export interface StackCommit {
  readonly commit: string;
  readonly subject: string;
  readonly author: { readonly name: string; readonly email: string };
  /** ISO 8601. */
  readonly time: string;
}

export interface ImageChange {
  readonly service: string;
  /** `null`: there is no such service. */
  readonly before: string | null;
  readonly after: string | null;
}

/** Difference of what two deployments were made of. */
export interface DeploymentComparison {
  readonly from: ComparedDeployment;
  readonly to: ComparedDeployment;
  /** Commits that the later one has besides, the newest first. */
  readonly commits: readonly StackCommit[];
  /** Commits that it lacks: the stack went back. */
  readonly undone: readonly StackCommit[];
  readonly files: readonly FileDiff[];
  /** Images that differ, by service. */
  readonly images: readonly ImageChange[];
}

/** The files that describe a stack: read, tried, and written in one commit. */
export interface FileOperations {
  /**
   * Reads them as they are at the revision in force. Throws UNKNOWN_STACK.
   *
   * @param options.masked values that look like secrets read `***`
   */
  listFiles(stack: string, options: { readonly masked: boolean }, signal: AbortSignal): Promise<StackFiles>;
  /**
   * Says what committing them would do; writes nothing. Throws UNKNOWN_STACK; BAD_OPTIONS with a finding for each path that may not be written;
   * WRITE_CONFLICT when one of them has changed since the base.
   */
  previewFiles(request: FilesRequest, signal: AbortSignal): Promise<FilesPreview>;
  /** One commit. Throws what `previewFiles` does, INVALID_CONFIGURATION with every finding, and BAD_OPTIONS when nothing differs. */
  writeFiles(
    request: FilesRequest & { readonly message?: string },
    actor: Actor,
    signal: AbortSignal,
  ): Promise<FilesWrite>;
  /** Says what `rollback` would do; writes nothing. Throws what it does. */
  previewRollback(stack: string, to: number, signal: AbortSignal): Promise<FilesPreview>;
  /**
   * Commits that a field may differ from what was deployed (`policy.ignoreDrift`). Throws UNKNOWN_STACK; BAD_OPTIONS when the stack has no such resource, says so
   * already, or has no policy of its own.
   */
  ignoreDrift(request: IgnoreDriftRequest, actor: Actor, signal: AbortSignal): Promise<FilesWrite>;
  /** Says what `ignoreDrift` would do; writes nothing. */
  previewIgnoreDrift(request: IgnoreDriftRequest, signal: AbortSignal): Promise<FilesPreview>;
  /** Throws UNKNOWN_STACK, and BAD_OPTIONS when there is no such deployment. */
  compareDeployments(request: CompareRequest, signal: AbortSignal): Promise<DeploymentComparison>;
}
