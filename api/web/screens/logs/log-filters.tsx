import { hueOf } from './use-logs.ts';

interface Since {
  readonly value: string;
  readonly text: string;
  readonly minutes: number | null;
}

/** Times that can be looked back. */
export const SINCE: readonly Since[] = [
  { value: '', text: 'Last 500 lines of each', minutes: null },
  { value: '5m', text: 'Last 5 minutes', minutes: 5 },
  { value: '1h', text: 'Last hour', minutes: 60 },
  { value: '24h', text: 'Last 24 hours', minutes: 1_440 },
  { value: '7d', text: 'Last 7 days', minutes: 10_080 },
];

interface LogFiltersProps {
  readonly services: readonly string[];
  readonly filter: {
    readonly services: string;
    readonly since: string;
    readonly previous: boolean;
    readonly change: (changes: Readonly<Record<string, string>>) => void;
  };
}

/** Services, time and run whose lines are shown. */
export function LogFilters({
  services,
  filter: { services: chosen, since, previous, change },
}: LogFiltersProps) {
  const names = new Set(chosen === '' ? [] : chosen.split(','));
  const toggle = (name: string): void => {
    const next = new Set(names);
    if (!next.delete(name)) next.add(name);
    // All of them is what no choice means.
    change({ services: next.size === services.length ? '' : [...next].join(',') });
  };
  return (
    <div class="filters">
      {services.length > 1 && (
        <div class="chips" role="group" aria-label="Services">
          {services.map((name) => (
            <button
              key={name}
              type="button"
              class="chip service-chip"
              aria-pressed={names.has(name)}
              onClick={() => toggle(name)}
            >
              <span class={`dot hue-${hueOf(name, services)}`} aria-hidden="true">
                ●
              </span>
              <span class="chip-name">{name}</span>
            </button>
          ))}
        </div>
      )}
      <label>
        <span class="visually-hidden">Time</span>
        <select value={since} onChange={(event) => change({ since: event.currentTarget.value })}>
          {SINCE.map(({ value, text }) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      </label>
      <label class="check small">
        <input
          type="checkbox"
          checked={previous}
          onChange={(event) => change({ run: event.currentTarget.checked ? 'previous' : '' })}
        />
        The run before this one
      </label>
    </div>
  );
}
