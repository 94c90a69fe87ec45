import { useRef } from 'preact/hooks';
import { useKeys } from './use-keys.ts';

interface Cursor {
  /** Row that was gone to last, and its place at that time. */
  readonly row: Element;
  readonly at: number;
}

/**
 * Goes through the rows of a list with `j` and `k`. Rows may come and go meanwhile: from one that is gone, the way leads on from where it was.
 *
 * @param list whose children are the rows
 * @param target selector of what takes the focus in a row
 * @param noun what a row is, as `stack`
 */
export function useListKeys(list: { current: Element | null }, target: string, noun: string): void {
  const cursor = useRef<Cursor | null>(null);
  const move = (by: 1 | -1): void => {
    const rows = [...(list.current?.children ?? [])];
    const at = Math.min(rows.length - 1, Math.max(0, placeAfter(rows, by, cursor.current)));
    const row = rows[at];
    if (row === undefined) return;
    cursor.current = { row, at };
    row.querySelector<HTMLElement>(target)?.focus();
  };
  useKeys({ j: [`Next ${noun}`, () => move(1)], k: [`Previous ${noun}`, () => move(-1)] });
}

function placeAfter(rows: readonly Element[], by: 1 | -1, last: Cursor | null): number {
  const { activeElement } = document;
  const at = rows.findIndex((row) => row.contains(activeElement));
  if (at !== -1) return at + by;
  // Rows that move lose the focus; of one that is gone, the next one has taken the place.
  if (last !== null && activeElement === document.body) {
    const now = rows.indexOf(last.row);
    if (now !== -1) return now + by;
    return by === 1 ? last.at : last.at - 1;
  }
  return by === 1 ? 0 : rows.length - 1;
}
