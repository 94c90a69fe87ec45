import type { Diagnostic, PlanDocument } from './api-types.ts';

/** Shapes of histories, files and drafts. Times are ISO 8601. */

/**
 * - `removed` the stack was taken down, so there is nothing to go back to
 * - `held` it was planned, and then had to wait
 */
export type DeploymentResult = 'deployed' | 'removed' | 'failed' | 'cancelled' | 'held';

/** One deployment as it went, also one that came to nothing. */
export interface HistoryEntry {
  /** `null` for one that left no tag. */
  readonly number: number | null;
  readonly tag: string | null;
  /** `null` when it ended before anything was read. */
  readonly revision: string | null;
  readonly time: string;
  readonly author: string | null;
  readonly summary: string;
  readonly result: DeploymentResult;
  readonly trigger: string | null;
  readonly subject: string | null;
  /** Reason why it failed, or had to wait. */
  readonly message: string | null;
  readonly job_id: string | null;
  readonly duration_ms: number | null;
}

/** Difference of one file in the form of `diff -u`. */
export interface FileDiff {
  readonly path: string;
  readonly diff: string;
}

/** Effect that a commit would have. */
export interface Effect {
  readonly diagnostics: readonly Diagnostic[];
  /** `null` where errors leave nothing to plan, or no machine of the stack answers. */
  readonly plan: PlanDocument | null;
  /** Other stacks that rest on one of the files. */
  readonly others: readonly string[];
}

export interface FilesPreview extends Effect {
  readonly diff: readonly FileDiff[];
}

export interface RollbackPreview extends Effect {
  readonly files: readonly FileDiff[];
}

/** A commit that was made. */
export interface Written {
  readonly commit: string;
  readonly files: readonly string[];
}

export interface ComparedDeployment {
  /** `null`: what the branch says now. */
  readonly number: number | null;
  readonly revision: string;
}

export interface StackCommit {
  readonly commit: string;
  readonly subject: string;
  readonly author: { readonly name: string; readonly email: string };
  readonly time: string;
}

export interface Comparison {
  readonly from: ComparedDeployment;
  readonly to: ComparedDeployment;
  /** Commits that the later one has besides, the newest first. */
  readonly commits: readonly StackCommit[];
  /** Commits that it lacks: the stack went back. */
  readonly undone: readonly StackCommit[];
  readonly files: readonly FileDiff[];
  readonly images: readonly {
    readonly service: string;
    readonly before: string | null;
    readonly after: string | null;
  }[];
}

/** A file that describes a stack. */
export interface StackFile {
  readonly path: string;
  /** `null`: it is no text, too large, or holds a secret. */
  readonly text: string | null;
  readonly size: number | null;
  readonly main: boolean;
  readonly encrypted: boolean;
  /** Values that look like secrets read `***`. */
  readonly masked: boolean;
  /** Path where a symlink leads. */
  readonly link: string | null;
  readonly diagnostics: readonly Diagnostic[];
}

export interface StackFiles {
  /** Commit that they are of. */
  readonly revision: string;
  readonly files: readonly StackFile[];
  readonly omitted: number;
}

/** A file as it is to be; `null` takes it away. */
export interface FileEdit {
  readonly path: string;
  readonly text: string | null;
}

/** Outcome of repairing drift, or of keeping it. */
export interface DriftResolution {
  readonly job_id: string | null;
  readonly commit: string | null;
  /** Parts of the drift that have no place in the file. */
  readonly unplaced: readonly string[];
}

export interface DraftFile {
  readonly path: string;
  readonly text: string;
}

/** A new stack, put together and tried. */
export interface Draft extends Omit<Effect, 'others'> {
  readonly files: readonly DraftFile[];
}

/** A setting of a service of a kit, in the words of JSON Schema. */
export interface KitOption {
  readonly type: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
}

export interface KitService {
  readonly name: string;
  readonly description: string;
  /** Services of the kit that come along. */
  readonly needs: readonly string[];
  readonly options: {
    readonly properties?: Readonly<Record<string, KitOption>>;
    readonly required?: readonly string[];
  };
}

/** A catalogue of services with defaults. */
export interface Kit {
  readonly name: string;
  readonly description: string;
  readonly services: readonly KitService[];
}
