import { useEffect, useRef } from 'preact/hooks';
import { Search } from 'lucide';
import { Icon } from './icon.tsx';

/** Pause after the last key before something is looked for, in milliseconds. */
const TYPING_MS = 250;

interface SearchFieldProps {
  readonly input: { current: HTMLInputElement | null };
  readonly label: string;
  readonly placeholder: string;
  /** Text that is looked for now, as the address says. */
  readonly value: string;
  readonly onSearch: (text: string) => void;
}

/** Field in which somebody says what is looked for; told when the typing pauses. It stays the same field: whoever types goes on typing. */
export function SearchField({ input, label, placeholder, value, onSearch }: SearchFieldProps) {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const latest = useRef(onSearch);
  latest.current = onSearch;
  useEffect(() => {
    // The address may have changed by going back.
    if (input.current !== null && document.activeElement !== input.current) input.current.value = value;
  }, [input, value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <label class="search">
      <span class="visually-hidden">{label}</span>
      <Icon of={Search} size={16} />
      <input
        ref={input}
        type="search"
        placeholder={withKey(placeholder)}
        defaultValue={value}
        spellcheck={false}
        onInput={(event) => {
          const text = event.currentTarget.value.trim();
          clearTimeout(timer.current);
          timer.current = setTimeout(() => latest.current(text), TYPING_MS);
        }}
        onKeyDown={(event) => {
          if (event.key === 'Escape') event.currentTarget.blur();
        }}
      />
    </label>
  );
}

/** Adds the key that leads into a field to its hint; not on a phone, which has no keys. */
function withKey(text: string): string {
  return matchMedia('(max-width: 760px)').matches ? text : `${text}   ( / )`;
}
