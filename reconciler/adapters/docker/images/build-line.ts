/** One line of a build. */
export interface BuildLine {
  readonly text: string;
  /** `2/4` when the line begins a step. */
  readonly step: string | null;
}
