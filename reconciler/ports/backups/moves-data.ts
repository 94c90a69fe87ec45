import type { ResourceId } from '../../model/resource.ts';

/** A place where a container keeps data outside of itself: a volume with a name, or a directory of the machine. */
export interface DataMount {
  readonly kind: 'volume' | 'directory';
  /** Name of the volume on the target, or absolute path on its machine. */
  readonly source: string;
  /** Absolute path in the container. */
  readonly target: string;
  readonly readOnly: boolean;
}

/** A container of the target with what it keeps elsewhere, whoever made it. */
export interface DataUser {
  /** Name of the container. */
  readonly name: string;
  /** Resource that it was made for; `null`: it is none of ours. */
  readonly owner: { readonly stack: string; readonly id: ResourceId } | null;
  readonly running: boolean;
  readonly mounts: readonly DataMount[];
}

/** Place that data is read from and written to. */
export interface DataPlace {
  /** Stack on whose behalf that is done. */
  readonly stack: string;
  readonly kind: DataMount['kind'];
  readonly source: string;
  /** Containers, by name, whose images may help: one that is on the target is needed, nothing is fetched. */
  readonly users: readonly string[];
}

/** Owner and permission bits of a directory. */
export interface FolderOwner {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** Directories at the top of a place, which a restore makes for itself, begin so. They are no data. */
export const OWN_FOLDER = '.kombinator-';

/** Reads and replaces what is in volumes and directories: backups of data. */
export interface MovesData {
  /** Containers of the target that keep data elsewhere, by name. */
  dataUsers(signal: AbortSignal): Promise<readonly DataUser[]>;
  /**
   * Streams a place, or one directory at its top, as a tar archive whose paths begin with `./`; the next piece waits until this one is dealt with.
   * Throws TARGET_ERROR where it is no directory, or not there.
   */
  readData(
    place: DataPlace,
    options: { readonly folder?: string; readonly onOutput: (chunk: Uint8Array) => Promise<void> },
    signal: AbortSignal,
  ): Promise<void>;
  /** Unpacks a tar archive into a new directory at the top of the place. */
  stageData(
    place: DataPlace,
    staged: {
      readonly folder: string;
      readonly root: FolderOwner;
      readonly content: AsyncIterable<Uint8Array>;
    },
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * Moves everything of a place into the directory `kept` at its top, and what is in `staged` out of that, without copying anything; own folders
   * stay. The other way round undoes it. Aborting does not end it in the middle.
   */
  swapData(
    place: DataPlace,
    folders: { readonly staged: string; readonly kept: string },
    signal: AbortSignal,
  ): Promise<void>;
  /** Removes an own folder with all that is in it; a missing one is no error. */
  dropData(place: DataPlace, folder: string, signal: AbortSignal): Promise<void>;
}
