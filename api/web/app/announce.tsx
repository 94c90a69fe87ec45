import { signal } from '@preact/signals';
import { Icon } from '../parts/icon.tsx';
import { X } from 'lucide';
import type { ApiError } from '../client/request.ts';

interface Announcement {
  readonly id: number;
  readonly tone: 'good' | 'bad';
  readonly text: string;
  readonly details: readonly string[];
  readonly link: { readonly href: string; readonly text: string } | null;
}

const SHOWN_MS = 8_000;
const shown = signal<readonly Announcement[]>([]);
let next = 1;

/** Tells what has happened, on the screen and to screen readers; it goes away by itself. */
export function announce(text: string, link: Announcement['link'] = null): void {
  const id = add({ tone: 'good', text, details: [], link });
  setTimeout(() => dismiss(id), SHOWN_MS);
}

/** Tells what went wrong; it stays until somebody closes it. */
export function announceError(what: string, error: ApiError): void {
  add({ tone: 'bad', text: `${what}: ${error.message}`, details: error.details, link: null });
}

function add(announcement: Omit<Announcement, 'id'>): number {
  const id = next++;
  shown.value = [...shown.value, { ...announcement, id }].slice(-4);
  return id;
}

function dismiss(id: number): void {
  shown.value = shown.value.filter((one) => one.id !== id);
}

export function Announcements() {
  return (
    <div class="announcements" role="region" aria-label="Messages">
      <div aria-live="polite">
        {shown.value.map(({ id, tone, text, details, link }) => (
          <div key={id} class={`announcement tone-${tone}`} role={tone === 'bad' ? 'alert' : undefined}>
            <div>
              <p>{text}</p>
              {details.length > 0 && (
                <ul>
                  {details.map((one) => (
                    <li key={one}>{one}</li>
                  ))}
                </ul>
              )}
              {link !== null && <a href={link.href}>{link.text}</a>}
            </div>
            <button
              type="button"
              class="icon-button"
              aria-label="Close the message"
              onClick={() => dismiss(id)}
            >
              <Icon of={X} />
            </button>
          </div>
        ))}
      </div>
    </div>
  );
}
