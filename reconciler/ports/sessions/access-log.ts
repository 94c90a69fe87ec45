/** A program that somebody has run in a container. Holds no argument of it: people write passwords there. */
export interface AccessRecord {
  /** `acc_` and 26 characters that sort by time. */
  readonly id: string;
  /** `stack/shop/web`, or `pod/prod/default/web-1` with the node or cluster first. */
  readonly subject: string;
  /** `null`: the one that is taken where none is named. */
  readonly container: string | null;
  /** Address of the caller, else the name. */
  readonly actor: string;
  /** Way by which it was asked for. */
  readonly via: 'api' | 'cli';
  /** Address of the client, `null` for the command line. */
  readonly address: string | null;
  /** The program without its arguments. */
  readonly program: string;
  readonly isTerminal: boolean;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** `null`: it goes on, or nobody knows. */
  readonly endedAt: number | null;
  /** End in words: `exit 0`, `closed`, `idle`; `null` while it goes on. */
  readonly outcome: string | null;
}

/** Records of who ran what in which container. Part of the store: it throws as the store does. */
export interface AccessLog {
  /** Adds a record, or replaces the one of that id. */
  saveAccess(record: AccessRecord): void;
  /** Lists the newest first. */
  listAccesses(limit: number): readonly AccessRecord[];
  /** Ends those of the API that a process has left open; returns how many. */
  closeAccesses(now: number): number;
  /** Drops those that have begun before a time. */
  pruneAccesses(before: number): void;
}
