import { useEffect, useRef } from 'preact/hooks';
import { bindKeys } from './keyboard.ts';
import type { Shortcut } from './keyboard.ts';

/** Binds keys while a screen is shown. Keys and meanings stay what they were at first; what they do is always the newest. */
export function useKeys(keys: Readonly<Record<string, readonly [meaning: string, run: () => void]>>): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const all = Object.entries(keys).map(([name, [meaning]]): Shortcut & { run: () => void } => ({
      keys: name,
      meaning,
      run: () => latest.current[name]?.[1](),
    }));
    return bindKeys(all);
  }, []);
}
