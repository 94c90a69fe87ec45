/** A container of a Compose project. */
export interface ProjectContainer {
  readonly service: string;
  /** Number among those of the service, from 1. */
  readonly number: number;
  /** Name on the engine. */
  readonly name: string;
  readonly image: string;
  /** The engine's word: `running`, `exited`. */
  readonly state: string;
}

/** A Compose project, as the labels of its containers tell. */
export interface ComposeProject {
  readonly name: string;
  /** Directory of the project on its host; `null` when no label tells. */
  readonly directory: string | null;
  /** Absolute paths of its Compose files on the host, the first one first. */
  readonly files: readonly string[];
  /** Containers by service and number. */
  readonly containers: readonly ProjectContainer[];
  /** Stack of ours that all of them are labelled for; `null`: Compose has made some of them. */
  readonly stack: string | null;
}

export interface HostFile {
  readonly content: Uint8Array;
  readonly executable: boolean;
}

export interface HostLimits {
  /** Most bytes, all files together. */
  readonly bytes: number;
  /** Most files. */
  readonly files: number;
}

/** A path of a host. */
export type HostPath =
  | { readonly kind: 'file'; readonly file: HostFile }
  /** Files by their paths below it; links are left out. */
  | { readonly kind: 'directory'; readonly files: ReadonlyMap<string, HostFile> }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'missing' };

/** Finds what Compose has made, and what it was made from. */
export interface FindsProjects {
  /** Every Compose project that has containers here, by name; one-off containers do not count. */
  composeProjects(signal: AbortSignal): Promise<readonly ComposeProject[]>;
  /**
   * Reads a path of the host that a project runs on, through the engine, wherever that is. Nothing is written there, and no container is started.
   *
   * @param project names whose image the container has that the path is read with
   */
  readHostPath(project: string, path: string, limits: HostLimits, signal: AbortSignal): Promise<HostPath>;
}
