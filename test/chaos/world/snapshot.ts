/** Everything that an engine of one's own was seen to hold. */
export interface EngineSnapshot {
  readonly containers: readonly SeenContainer[];
  /** Names, without those that every engine has; one that is there twice stands twice. */
  readonly networks: readonly string[];
  readonly volumes: readonly string[];
}

export interface SeenContainer {
  readonly id: string;
  readonly name: string;
  /** Name in its label; `null`: it has none. */
  readonly stack: string | null;
  readonly image: string;
  /** The engine's word: `running`, `exited`, `paused`, … */
  readonly status: string;
  readonly health: string | null;
  /** The variable `REV`. */
  readonly revision: string | null;
  /** Text of the mounted file; `null`: there is none. */
  readonly content: string | null;
  readonly volumes: readonly string[];
  readonly networks: readonly string[];
}
