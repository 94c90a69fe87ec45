export type ConnectionStatus = 'connected' | 'disconnected' | 'error';

/** One look at something outside: a registry, a cluster. */
export interface ConnectionCheck {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly status: ConnectionStatus;
  /** Text for people; holds no secret. */
  readonly message: string;
}

/** Results of looks at what is outside, by `registry/<id>` or `cluster/<name>`. Part of the store: it throws as the store does. */
export interface ConnectionLog {
  noteConnection(subject: string, check: ConnectionCheck): void;
  /** The newest. */
  lastConnection(subject: string): ConnectionCheck | undefined;
  /** Lists checks since a time, the newest first. */
  listConnections(subject: string, since: number): readonly ConnectionCheck[];
  /** Drops all of a subject. */
  forgetConnections(subject: string): void;
  /** Drops checks before a time, but for the newest of each subject. */
  pruneConnections(before: number): void;
}
