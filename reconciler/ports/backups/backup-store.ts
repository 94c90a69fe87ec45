/** A backup that was written to its end. */
export interface StoredBackup {
  /** Name of the file. */
  readonly file: string;
  readonly sizeBytes: number;
  /** Digest of the file as it was written, hex. */
  readonly sha256: string;
}

/**
 * Store for the backups of one service: each a file, and beside it `<file>.sha256`, as `sha256sum -c` reads it. Throws STORE_FULL and
 * STORE_UNAVAILABLE, or what a Target throws.
 */
export interface BackupVolume {
  /** Place in words for people: a directory, or a volume. */
  readonly location: string;
  /** Complete ones only, by name. */
  list(signal: AbortSignal): Promise<readonly StoredBackup[]>;
  /** All of it or nothing: what is aborted, or fails, is not listed. */
  write(file: string, content: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<StoredBackup>;
  read(file: string, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Removes a file; a missing one is no error. */
  remove(file: string, signal: AbortSignal): Promise<void>;
}

/** A place for backups: the daemon's own, or another that the operator has set up. */
export interface BackupStore {
  /** It packs and encrypts by itself, and stores once what several backups have in common: give it content as it is. Default false. */
  readonly packs?: boolean;
  backupVolume(stack: string, service: string): BackupVolume;
  /** Services that have backups, those of deleted stacks included, sorted. */
  services(): Promise<readonly { readonly stack: string; readonly service: string }[]>;
}

/** The store for reconcilers that keep no backups themselves. */
export const NO_BACKUP_STORE: BackupStore = {
  backupVolume: (stack, service) => {
    const refuse = () => Promise.reject(new Error(`internal: no place for backups of ${stack}/${service}`));
    const read = async function* (): AsyncGenerator<Uint8Array> {
      yield await refuse();
    };
    return { location: 'nowhere', list: async () => [], write: refuse, read, remove: refuse };
  },
  services: async () => [],
};
