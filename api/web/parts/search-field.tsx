import { Search } from 'lucide';
import { Icon } from './icon.tsx';
import { useTyped } from './use-typed.ts';

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
  const onInput = useTyped(input, value, onSearch);
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
        onInput={onInput}
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
