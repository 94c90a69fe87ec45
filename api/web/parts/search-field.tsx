import { useRef } from 'preact/hooks';
import { Search } from 'lucide';
import { Icon } from './icon.tsx';
import { withKey } from './with-key.ts';

/** Pause after the last key before something is looked for, in milliseconds. */
const TYPING_MS = 200;

interface SearchFieldProps {
  readonly input: { current: HTMLInputElement | null };
  readonly label: string;
  readonly placeholder: string;
  readonly value: string;
  readonly onSearch: (text: string) => void;
}

/** Field in which somebody says what is looked for; told when the typing pauses. */
export function SearchField({ input, label, placeholder, value, onSearch }: SearchFieldProps) {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  return (
    <label class="search">
      <span class="visually-hidden">{label}</span>
      <Icon of={Search} size={16} />
      <input
        ref={input}
        type="search"
        placeholder={withKey(placeholder)}
        defaultValue={value}
        onInput={(event) => {
          const text = event.currentTarget.value;
          clearTimeout(timer.current);
          timer.current = setTimeout(() => onSearch(text), TYPING_MS);
        }}
        onKeyDown={(event) => {
          if (event.key === 'Escape') event.currentTarget.blur();
        }}
      />
    </label>
  );
}
