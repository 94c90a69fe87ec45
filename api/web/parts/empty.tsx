import type { ComponentChildren } from 'preact';
import type { ApiError } from '../client/request.ts';

/** A place where nothing is to be shown: says why, and what to do next. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

/** A place of which something was asked in vain. */
export function Failed({ error, retry }: { error: ApiError; retry?: () => void }) {
  return (
    <div class="empty" role="alert">
      <p class="empty-title">{error.message}</p>
      {error.details.length > 0 && (
        <ul>
          {error.details.map((one) => (
            <li key={one}>{one}</li>
          ))}
        </ul>
      )}
      {retry !== undefined && (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** A place that is being asked for. */
export function Waiting({ what }: { what: string }) {
  return (
    <div class="waiting" role="status">
      <span class="visually-hidden">Loading {what} …</span>
      <i />
      <i />
      <i />
    </div>
  );
}
