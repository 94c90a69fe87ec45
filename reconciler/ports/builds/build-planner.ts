import type { ContentFile } from '../../model/resource.ts';

/** A plan that a program has made for an application that has no Dockerfile. */
export interface PlannedBuild {
  /** Name of the program, for people: `nixpacks`. */
  readonly program: string;
  /** Files besides those of the application. */
  readonly files: readonly PlannedFile[];
  /** Path of the Dockerfile, or of what stands for one, among them. */
  readonly dockerfile: string;
  /** Arguments that the builder needs besides those that were given. */
  readonly args: Readonly<Record<string, string>>;
}

export interface PlannedFile {
  readonly path: string;
  readonly type: 'file' | 'executable';
  readonly content: Uint8Array;
}

export interface PlannedSource {
  readonly files: readonly ContentFile[];
  readonly readBlob: (blob: string) => Promise<Uint8Array>;
}

/** Finds out how an application is built. It reads what the application consists of, and runs nothing of it. */
export interface BuildPlanner {
  /** Throws BUILD_FAILED with what the program says. */
  plan(source: PlannedSource, signal: AbortSignal): Promise<PlannedBuild>;
  /** Removes what a process has left that was ended in the middle. */
  sweep(): Promise<void>;
}
