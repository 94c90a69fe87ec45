import type { AccessRecord } from '../../ports/sessions/access-log.ts';
import type {
  ExecSession,
  LogLine,
  PlaceLogOptions,
  SessionOptions,
} from '../../ports/target-capabilities.ts';
import type { Actor } from '../views.ts';

export type { AccessRecord } from '../../ports/sessions/access-log.ts';

/** People who may run programs in containers over the API, as the operator has decided. */
export type ExecRight = 'nobody' | 'admins' | 'deployers';

/** A program to run, and who runs it. */
export interface SessionRequest extends SessionOptions {
  readonly actor: Actor;
  readonly via: AccessRecord['via'];
  /** Address of the client. Default: none is known. */
  readonly address?: string;
}

/** A pod, or a container of an engine, as an inventory has it. */
export interface WorkPlace {
  /** Address of the node or cluster, as `targetKey` writes it. */
  readonly place: string;
  /** Name of the node or cluster, for people. */
  readonly node: string;
  /** `null`: an engine has none. */
  readonly namespace: string | null;
  readonly name: string;
  /** `null`: it belongs to none, and is not reached. */
  readonly stack: string | null;
}

/**
 * Programs that people run in containers. Each is a record of who ran what where; one that cannot be recorded is not run. A session ends by itself when
 * nothing was typed or printed for half an hour. Whoever lets one through checks who may. All throw TARGET_ERROR where nothing runs, and
 * TARGET_UNSUPPORTED.
 */
export interface SessionOperations {
  /**
   * Runs a program in a container of a service, wherever that runs. Throws BAD_OPTIONS for a service, pod or container that there is not,
   * TOO_MANY_SESSIONS, STORE_UNAVAILABLE.
   */
  openSession(stack: string, service: string, request: SessionRequest): Promise<ExecSession>;
  /** The same in a pod or container that is named. */
  openSessionAt(place: WorkPlace, request: SessionRequest): Promise<ExecSession>;
  /** Reads the log of one container, without what its stack keeps secret; followed, it ends when its pod does. */
  logsAt(place: WorkPlace, options: PlaceLogOptions): AsyncIterable<LogLine>;
  /** Lists who ran what where, the newest first; kept for 90 days. */
  listAccesses(limit: number): readonly AccessRecord[];
}
