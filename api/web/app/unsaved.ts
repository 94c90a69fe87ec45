/** A place that keeps what somebody writes until it is committed, also while another screen is shown. */
interface Holder {
  /** Names each piece that would be lost: `edits in the files of blog`. */
  readonly tell: () => readonly string[];
  /** Forgets everything, also what is not worth a question. */
  readonly forget: () => void;
}

const holders = new Set<Holder>();

/** Makes something known that is to be asked about before it is lost, and that is of one person. */
export function holdUnsaved(holder: Holder): void {
  holders.add(holder);
}

/** Names everything that would be lost now. */
export function tellUnsaved(): readonly string[] {
  return [...holders].flatMap(({ tell }) => tell());
}

/** Forgets everything: it was agreed to, or somebody else is there now. */
export function forgetUnsaved(): void {
  for (const { forget } of holders) forget();
}

/** Has the browser ask before the page is closed or loaded anew while something would be lost. */
export function listenToLeaving(): void {
  window.addEventListener('beforeunload', (event) => {
    if (tellUnsaved().length > 0) event.preventDefault();
  });
}
