import { h } from 'preact';
import type { IconNode } from 'lucide';

/** A sign; people who do not see it are told by the words beside it, or by `label`. */
export function Icon({ of, label, size = 18 }: { of: IconNode; label?: string; size?: number }) {
  return (
    <svg
      class="icon"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="2"
      stroke-linecap="round"
      stroke-linejoin="round"
      {...(label === undefined ? { 'aria-hidden': true } : { role: 'img', 'aria-label': label })}
    >
      {of.map(([tag, attributes]) => h(tag, attributes))}
    </svg>
  );
}
