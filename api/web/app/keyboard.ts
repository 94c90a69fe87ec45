import { signal } from '@preact/signals';

export interface Shortcut {
  /** Keys as people write them: `g s`, `/`, `?`. */
  readonly keys: string;
  readonly meaning: string;
}

interface Bound extends Shortcut {
  readonly run: () => void;
}

/** True while the list of shortcuts is shown. */
export const helpShown = signal(false);

/** Time in which the second key of `g s` has to follow. */
const SEQUENCE_MS = 1_200;
const bound = new Set<Bound>();
let before: { readonly key: string; readonly at: number } | null = null;

/** Binds keys until the function that it returns is called. What was bound last counts. */
export function bindKeys(shortcuts: readonly Bound[]): () => void {
  for (const one of shortcuts) bound.add(one);
  return () => {
    for (const one of shortcuts) bound.delete(one);
  };
}

/** Lists what can be pressed now. */
export function shortcuts(): readonly Shortcut[] {
  const seen = new Map<string, Shortcut>();
  for (const one of bound) seen.set(one.keys, one);
  return [...seen.values()];
}

export function listenToKeys(): void {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (isTyping(event.target)) return;
    const { key } = event;
    const now = performance.now();
    const sequence = before !== null && now - before.at < SEQUENCE_MS ? `${before.key} ${key}` : null;
    const all = [...bound].toReversed();
    const found = all.find(({ keys }) => keys === sequence) ?? all.find(({ keys }) => keys === key);
    before = found === undefined ? { key, at: now } : null;
    if (found === undefined) return;
    // A dialog has the keyboard to itself.
    if (document.querySelector('dialog[open]') !== null && key !== '?') return;
    event.preventDefault();
    found.run();
  });
}

/** Inputs that take no letters: a tick, a choice, a button. */
const MUTE = ['checkbox', 'radio', 'button', 'submit', 'reset', 'image', 'file', 'range', 'color'];
const TYPED = `input${MUTE.map((type) => `:not([type=${type}])`).join('')}, textarea, select`;

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.matches(TYPED) || target.closest('.own-keys') !== null;
}
