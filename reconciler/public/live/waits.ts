/** The thing that a stack waits for before anything more is done to it. */
export interface StackWait {
  /** `frozen`, `blocked`, `out-of-turn`, `held`, `on-hold`, `cancelled`, `stopped`, `waiting`, `paced`, `contested`, `destroyed`, as `countHolds` has them. */
  readonly reason: string;
  /** The same in a sentence for people, with what can be done about it. */
  readonly message: string;
  /** Time at which it goes on by itself, ISO 8601; left out where that is not known, or somebody has to act. */
  readonly until?: string;
}
