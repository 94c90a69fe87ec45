import type { ComposeAnalysis } from '../model/imports/compose-analysis.ts';

export type * from '../model/imports/compose-analysis.ts';

/** A Compose file as text. */
export interface ComposeText {
  readonly text: string;
  /** Name that findings name, and that a project without a name of its own is called after. Default `compose.yaml`. */
  readonly fileName?: string;
  /** Namespace of the objects. Default: that of the workflow. */
  readonly namespace?: string;
}

export interface ImportRequest {
  /** Address of the repository; that of a branch's page counts as well (`…/tree/main/deploy`). */
  readonly address: string;
  /** Default: the one that the address names, else that of the repository's HEAD. */
  readonly branch?: string;
  readonly namespace?: string;
}

/**
 * - `pending` waits for others to end
 * - `cloning` the repository is fetched
 * - `analyzing` its Compose file is read
 */
export type ImportStatus = 'pending' | 'cloning' | 'analyzing' | 'completed' | 'failed';

/** The import of a Compose project from a repository. Kept in memory for an hour. */
export interface ImportSession {
  /** 24 hex digits. */
  readonly id: string;
  /** Address without credentials, and without what names a branch. */
  readonly address: string;
  readonly branch: string | null;
  readonly namespace: string | null;
  readonly status: ImportStatus;
  /** Words for what is done at the moment. */
  readonly stage: string;
  /** Percent. */
  readonly progress: number;
  /** Path of the Compose file, once it was found. */
  readonly file: string | null;
  readonly analysis: ComposeAnalysis | null;
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly stage: 'clone' | 'analyze';
  } | null;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly completedAt: string | null;
}

/** Compose projects as graphs of workflows. Nothing is written. */
export interface ImportOperations {
  /** Throws INVALID_CONFIGURATION for a text that is no Compose file. */
  analyzeCompose(file: ComposeText): ComposeAnalysis;
  /**
   * Begins to read a repository in the background; five minutes are the longest that it takes.
   *
   * @param owner who alone gets to see it
   * @throws BAD_OPTIONS for an address that is none, IMPORTS_FULL when too many are under way
   */
  startImport(request: ImportRequest, owner: string): ImportSession;
  /** Throws UNKNOWN_IMPORT, also for one of somebody else. */
  getImport(id: string, owner: string): ImportSession;
  /** Calls back with every change of a session until it is disposed of. Throws UNKNOWN_IMPORT. */
  followImport(id: string, owner: string, onChange: (session: ImportSession) => void): Disposable;
}
