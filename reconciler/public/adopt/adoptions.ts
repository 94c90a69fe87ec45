import type { Diagnostic } from '../../base/diagnostic.ts';
import type { Plan } from '../../plan/plan.ts';
import type { AdoptionNote } from '../../ports/adopt/adoption-draft.ts';
import type { ComposeProject } from '../../ports/adopt/compose-projects.ts';
import type { Actor } from '../views.ts';
import type { WriteResult } from '../writes.ts';

/** A Compose project on an engine. */
export interface ProjectView extends ComposeProject {
  /** Shared node that it runs on; `null`: the engine of this machine. */
  readonly node: string | null;
  /** Stack that has it; `null`: none has. */
  readonly adoptedBy: string | null;
}

export interface ProjectList {
  readonly projects: readonly ProjectView[];
  /** Engines that did not answer, and why. */
  readonly unreachable: readonly { readonly node: string | null; readonly message: string }[];
}

export interface AdoptRequest {
  readonly project: string;
  /** Node that it runs on. Default: the only one that has a project of the name. */
  readonly node?: string | null;
  /** Name of the stack. Default: that of the project, with hyphens. */
  readonly stack?: string;
}

/** Files that taking over a project would commit, and what would change then. */
export interface AdoptionPreview {
  readonly stack: string;
  readonly project: ProjectView;
  /** Repository paths that would be committed. */
  readonly files: readonly string[];
  readonly notes: readonly AdoptionNote[];
  /** `null` when what would be committed has errors. */
  readonly plan: Plan | null;
  readonly diagnostics: readonly Diagnostic[];
  /** Lines of the operator's configuration that have to be there first; empty: none is missing. */
  readonly policy: string;
}

/** Compose projects that run become stacks, and stacks become Compose projects again. Nothing that runs is restarted by either. */
export interface AdoptionOperations {
  /** Looks at the engine of this machine and at those of all nodes. */
  listProjects(signal: AbortSignal): Promise<ProjectList>;
  /** Writes nothing. Throws UNKNOWN_PROJECT, STACK_EXISTS, BAD_OPTIONS when its Compose files are gone. */
  previewAdoption(request: AdoptRequest, signal: AbortSignal): Promise<AdoptionPreview>;
  /** Commits the description; the project is the stack's from then on. Throws as `previewAdoption` does; INVALID_CONFIGURATION, also where the operator has not allowed it. */
  adopt(
    request: AdoptRequest,
    actor: Actor,
    signal: AbortSignal,
  ): Promise<WriteResult & { readonly stack: string }>;
  /** Commits that a stack is given back: what it has runs on, and nothing of it is read, changed or removed. Throws UNKNOWN_STACK. */
  release(stack: string, actor: Actor, signal: AbortSignal): Promise<WriteResult>;
}
