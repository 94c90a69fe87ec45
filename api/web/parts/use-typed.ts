import { useEffect, useRef } from 'preact/hooks';

/** Pause after the last key before what was typed counts, in milliseconds. */
const TYPING_MS = 250;

/**
 * Follows a field in which somebody types, and tells `onTyped` when the typing pauses. The field keeps what is typed, whatever comes meanwhile;
 * while nobody is in it, it shows `value`.
 *
 * @returns the handler of its input
 */
export function useTyped(
  field: { current: HTMLInputElement | null },
  value: string,
  onTyped: (text: string) => void,
): (event: { readonly currentTarget: HTMLInputElement }) => void {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const latest = useRef(onTyped);
  latest.current = onTyped;
  useEffect(() => {
    // The address may have changed by going back.
    if (field.current !== null && document.activeElement !== field.current) field.current.value = value;
  }, [field, value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return ({ currentTarget }) => {
    const text = currentTarget.value.trim();
    clearTimeout(timer.current);
    timer.current = setTimeout(() => latest.current(text), TYPING_MS);
  };
}
