import type { Diagnostic } from '../../base/diagnostic.ts';
import type { KitView } from '../../model/catalogue.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Actor } from '../views.ts';
import type { FilesWrite } from './files.ts';

/** Beginnings of a new stack. */
export type DraftSource =
  /** Text of a Compose file, which stays as it is. */
  | { readonly compose: string }
  /** Name of a kit, and keys of the document: `services`, `domain` and so on. */
  | { readonly kit: string; readonly values?: Readonly<Record<string, unknown>> }
  /** Text of a kombination; its name is filled in where it has none. */
  | { readonly document: string };

export interface DraftFile {
  /** Below `kombinations/<name>/`. */
  readonly path: string;
  readonly text: string;
}

export interface DraftRequest {
  /** Name of the stack. */
  readonly name: string;
  readonly source: DraftSource;
  /** Node that it runs on, where the source does not say. Default: the engine of the daemon. */
  readonly node?: string;
  /** Files as somebody has edited them, in place of what is put together here. */
  readonly files?: readonly DraftFile[];
}

export interface DraftPreview {
  readonly files: readonly DraftFile[];
  readonly diagnostics: readonly Diagnostic[];
  /** `null` where errors leave nothing to plan, or no node of the stack answers. */
  readonly plan: Plan | null;
}

/** New stacks, put together and tried before they are committed. */
export interface DraftOperations {
  /** Kits that stacks draw from, those of the repository included. */
  listKits(): readonly KitView[];
  /** Writes nothing. Throws STACK_EXISTS; BAD_OPTIONS for a name or paths that cannot be. */
  previewDraft(request: DraftRequest, signal: AbortSignal): Promise<DraftPreview>;
  /** One commit. Throws what `previewDraft` does, and INVALID_CONFIGURATION with every finding. */
  commitDraft(
    request: DraftRequest & { readonly message?: string },
    actor: Actor,
    signal: AbortSignal,
  ): Promise<FilesWrite>;
}
