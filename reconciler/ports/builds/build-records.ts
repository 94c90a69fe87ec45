/** `pending` waits for its turn; the last three are ends. */
export type BuildStatus =
  | 'pending'
  | 'cloning'
  | 'building'
  | 'pushing'
  | 'completed'
  | 'failed'
  | 'cancelled';

/** Part of a build that did not work out. */
export type BuildStage = 'clone' | 'dockerfile' | 'build' | 'push';

/** One build of an image out of a Git repository. Times are ISO 8601. Values of arguments and credentials are no part of it. */
export interface BuildRecord {
  /** 24 hex digits; the first eight are the second that it was asked for in. */
  readonly id: string;
  /** Caller who asked for it, as the API tells callers apart. */
  readonly owner: string;
  /** Stack whose services get the image; `null`: none. */
  readonly stack: string | null;
  /** Address without credentials. */
  readonly repository: string;
  /** `null`: the branch that the repository's HEAD names, until that is known. */
  readonly branch: string | null;
  /** Commit that is built; `null` until it is known. */
  readonly commit: string | null;
  /** Directory of the repository, `.` for all of it. */
  readonly context: string;
  /** Path below the context; `null`: `Dockerfile`, or what a program makes up. */
  readonly dockerfile: string | null;
  /** Names of the arguments, sorted. */
  readonly argumentNames: readonly string[];
  /** A program finds out how it is built. */
  readonly generated: boolean;
  /** Id of the registry that it is pushed to. */
  readonly registry: string;
  /** Name as it was asked for, and tag. */
  readonly imageName: string;
  readonly tag: string;
  /** Reference that it is pushed as: `hub.example.org/team/app:1`. */
  readonly image: string;
  readonly status: BuildStatus;
  /** Words for what is done at the moment, or how it ended. */
  readonly stage: string;
  /** 0 to 100. */
  readonly progress: number;
  /** `sha256:…`; `null` until it is pushed. */
  readonly digest: string | null;
  /** Bytes; `null`: not known. */
  readonly size: number | null;
  /** Commit on the config repository that gave the image to the stack. */
  readonly write: string | null;
  readonly error: string | null;
  readonly errorStage: BuildStage | null;
  readonly createdAt: string;
  /** `null`: it had no turn. */
  readonly startedAt: string | null;
  /** `null`: it has not ended. */
  readonly endedAt: string | null;
}

export interface BuildLog {
  /** Increases within a build, from 1; those before the first one are not kept any more. */
  readonly sequence: number;
  /** ISO 8601. */
  readonly time: string;
  readonly level: 'info' | 'warn' | 'error';
  /** Status of the build then. */
  readonly stage: BuildStatus;
  readonly message: string;
}

export interface BuildPage {
  readonly builds: readonly BuildRecord[];
  /** All of the owner. */
  readonly total: number;
}

/** Builds, the newest first where they are listed. Part of the store: it throws as the store does. */
export interface BuildRecords {
  saveBuild(build: BuildRecord): void;
  getBuild(id: string): BuildRecord | undefined;
  listBuilds(filter: {
    /** Left out: everybody's. */
    readonly owner?: string;
    readonly limit: number;
    readonly offset?: number;
  }): BuildPage;
  /** Builds that have not ended. */
  listOpenBuilds(): readonly BuildRecord[];
  /** Puts lines behind those that are there, and drops what is older than the last `keep`. */
  appendBuildLogs(id: string, logs: readonly BuildLog[], keep: number): void;
  listBuildLogs(id: string, afterSequence?: number): readonly BuildLog[];
  /** Deletes builds, with their lines, that ended before a time, and the oldest that have ended beyond so many. */
  pruneBuilds(before: string, keep: number): void;
}
