import type { BuildLog, BuildPage, BuildRecord } from '../ports/builds/build-records.ts';
import type { Actor } from './views.ts';

export type * from '../ports/builds/build-records.ts';

/** An image that is to be built out of a Git repository, and pushed. */
export interface NewBuild {
  /** Address of the repository, below a place that the operator names; `…/tree/BRANCH` at its end names the branch as well. */
  readonly repository: string;
  /** Default: what the address says, else the branch that the repository's HEAD names. */
  readonly branch?: string;
  /** Directory of the repository that is built. Default: all of it. */
  readonly context?: string;
  /** Path of the Dockerfile below the context. Default `Dockerfile`. */
  readonly dockerfile?: string;
  /** Values of the Dockerfile's `ARG`s. They are kept nowhere, and taken out of what is printed. */
  readonly args?: Readonly<Record<string, string>>;
  /** A program of the machine finds out how it is built. Default: where there is no Dockerfile. */
  readonly generated?: boolean;
  /** Id of the registry that it is pushed to. */
  readonly registry: string;
  /** Name of the image, behind what the registry puts before it. */
  readonly imageName: string;
  /** Default `latest`. */
  readonly tag?: string;
  /** Stack whose services get the image by a commit: every deployment of a workflow. Default: none. */
  readonly stack?: string;
  /** The one service, or node of a workflow, that gets it. Needed for a kombination. */
  readonly service?: string;
  /** Text that tells whoever asks apart from others. Default: the address of the actor. */
  readonly owner?: string;
}

export type BuildEvent =
  | { readonly type: 'log'; readonly log: BuildLog }
  /** Status, stage or progress are others now. */
  | { readonly type: 'progress'; readonly build: BuildRecord }
  /** The last one. */
  | { readonly type: 'end'; readonly build: BuildRecord };

/**
 * Images that are built out of Git repositories, on an engine that the operator sets apart for it: a build runs what its Dockerfile says. They
 * take their turns; one takes no longer than half an hour.
 */
export interface BuildOperations {
  /**
   * Checks the request, and queues. Throws BAD_OPTIONS (there are no builds, the address is not allowed, something has a wrong form, too many wait),
   * UNKNOWN_REGISTRY, UNKNOWN_STACK.
   */
  startBuild(build: NewBuild, actor: Actor, signal: AbortSignal): Promise<BuildRecord>;
  /** Throws UNKNOWN_BUILD. */
  getBuild(id: string): BuildRecord;
  /** Lists the newest first. */
  listBuilds(filter: {
    readonly owner?: string;
    readonly limit: number;
    readonly offset?: number;
  }): BuildPage;
  /** The last lines that it printed. Throws UNKNOWN_BUILD. */
  buildLog(id: string, afterSequence?: number): readonly BuildLog[];
  /**
   * A build as it goes: first the lines that are kept, then what happens, until it has ended. A reader who is slow misses lines, and costs nothing.
   * Throws UNKNOWN_BUILD at once. The signal ends it early.
   */
  followBuild(id: string, signal: AbortSignal): AsyncIterable<BuildEvent>;
  /** Calls a build off, and resolves when it has ended. Throws UNKNOWN_BUILD, and BUILD_ENDED where there is nothing left to be called off. */
  cancelBuild(id: string): Promise<BuildRecord>;
}
