/** Somebody who asked for something, as far as that is known. */
export interface AuditActor {
  readonly name: string;
  readonly email: string;
  /** Way in which they have shown who they are; `none`: they have not, `open`: nobody has to here. */
  readonly via: 'key' | 'token' | 'session' | 'open' | 'cli' | 'none';
}

/** Request that changes or opens something, or was refused. Holds no body, no query and no secret. */
export interface AuditEntry {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly actor: AuditActor;
  /** Address of the client; `null` for the command line. */
  readonly address: string | null;
  /** Name of the operation, as the API's description has it; of a command its words. */
  readonly action: string;
  /** Method and path as they came; `null` for the command line. */
  readonly method: string | null;
  readonly path: string | null;
  /** Subjects of the request by what they are: `id`, `service`, `name`. */
  readonly object: Readonly<Record<string, string>>;
  /** Status of the answer; `null` for the command line, which tells what was done. */
  readonly status: number | null;
  /** Code of the error, where it was one. */
  readonly code: string | null;
  /** Job that it began. */
  readonly job: string | null;
  /** Commit that it made. */
  readonly commit: string | null;
}

export interface AuditRecord extends AuditEntry {
  /** Number of the entry, from 1, never given twice. */
  readonly number: number;
  /** Requests that it stands for; `at` is the time of the last one. */
  readonly count: number;
  /** Time of the first one. */
  readonly firstAt: number;
}

export interface AuditFilter {
  /** Part of the name or the address, whatever its case. */
  readonly actor?: string;
  /** Any of these. */
  readonly actions?: readonly string[];
  /** None of these. */
  readonly exceptActions?: readonly string[];
  /** One of the subjects, exactly. */
  readonly object?: string;
  /** Earliest time, in milliseconds since the epoch. */
  readonly since?: number;
  /** Later ones are left out, those of this very time too. */
  readonly until?: number;
  readonly limit: number;
  readonly offset?: number;
}

export interface AuditBounds {
  /** Older ones are dropped. */
  readonly before: number;
  /** Number of the newest that are kept. */
  readonly keep: number;
  /** Number of those that are kept of nobody known: they are the first to go, so that nobody floods out the others. */
  readonly keepOfNobody: number;
}

/** Entries of who asked for what. Part of the store: it throws as the store does. */
export interface AuditRecords {
  /** Returns the number of the entry. */
  addAudit(entry: AuditEntry): number;
  /** Counts one more of the same. False: the entry is gone. */
  repeatAudit(number: number, at: number): boolean;
  /** Lists the newest first. */
  listAudit(filter: AuditFilter): { readonly entries: readonly AuditRecord[]; readonly total: number };
  pruneAudit(bounds: AuditBounds): void;
}
