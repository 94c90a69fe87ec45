import type { ComponentChildren } from 'preact';
import type { ApiError } from '../client/request.ts';
import type { Loaded } from '../client/use-load.ts';

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

interface UnansweredProps {
  readonly of: Pick<Loaded<unknown>, 'error' | 'reload'>;
  readonly what: string;
}

/** A place whose data is not there: it is waited for, or was asked for in vain. */
export function Unanswered({ of: { error, reload }, what }: UnansweredProps) {
  return error === null ? <Waiting what={what} /> : <Failed error={error} retry={reload} />;
}

/** A list of which nothing is left by its filter. */
export function NothingLike({ what, all, href }: { what: string; all: string; href: string }) {
  return (
    <Empty title={`No ${what} is like that.`}>
      <a class="button" href={href}>
        Show all {all}
      </a>
    </Empty>
  );
}
