import { X } from 'lucide';
import { Icon } from './icon.tsx';

export interface Chip<T extends string> {
  readonly value: T;
  readonly text: string;
  /** One sentence for those who see it for the first time. */
  readonly meaning: string;
}

interface ChipsProps<T extends string> {
  readonly label: string;
  readonly chips: readonly Chip<T>[];
  readonly chosen: string;
  readonly onChoose: (value: T | '') => void;
  /** One is always chosen. Default false: pressing the chosen one again chooses none. */
  readonly isChoice?: boolean;
}

/** Filters of a list, of which one can be pressed. */
export function Chips<T extends string>({ label, chips, chosen, onChoose, isChoice = false }: ChipsProps<T>) {
  return (
    <div class="chips" role="group" aria-label={label}>
      {chips.map(({ value, text, meaning }) => (
        <button
          key={value}
          type="button"
          class="chip"
          aria-pressed={chosen === value}
          title={meaning}
          onClick={() => onChoose(chosen === value && !isChoice ? '' : value)}
        >
          {text}
          {chosen === value && !isChoice && <Icon of={X} size={14} />}
        </button>
      ))}
    </div>
  );
}
