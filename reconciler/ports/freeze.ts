/** Times at which nothing is changed, as the operator has set them; no commit can lift them. */
export interface Freeze {
  /** Returns why a stack is frozen at a moment (milliseconds since the epoch); `null` when it may be changed. */
  at(stack: string, now: number): Frozen | null;
}

export interface Frozen {
  /** `frozen until 2026-12-24T18:00:00+01:00 (holidays)` */
  readonly reason: string;
  /** When to look again, milliseconds since the epoch. */
  readonly until: number;
}

export const NEVER_FROZEN: Freeze = { at: () => null };
