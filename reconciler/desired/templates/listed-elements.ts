/** The file that the elements of a template stand in, as far as a stack of it has to remember. */
export interface ListedElements {
  /** Paths that what is found rests on; the last is that of the file itself, where it is there. */
  readonly visited: readonly string[];
  readonly blob: string | null;
  /** `null` when it cannot be read. */
  readonly text: string | null;
  /** Key of its first element: that stack is read again with each change of the list, and has its text. Left out: there is none. */
  readonly first?: string;
}
