import type { FunctionComponent } from 'preact';
import { lazy } from 'preact-iso';
import { useEffect, useState } from 'preact/hooks';
import { ApiError, get, toApiError } from '../client/request.ts';
import { Failed, Waiting } from '../parts/empty.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { tellUnsaved } from './unsaved.ts';

/** Loads a screen when it is opened first. In the place of one that cannot be loaded stands why, and a way to try again. */
export function later(load: () => Promise<FunctionComponent>): FunctionComponent {
  const orWhy = async (): Promise<{ default: FunctionComponent }> => {
    try {
      return { default: await load() };
    } catch {
      return { default: Unloaded };
    }
  };
  return lazy(orWhy) as FunctionComponent;
}

const KEY = 'kombinator.reloaded';
/** Time between two loads of the page that nobody asked for, in milliseconds. */
const RELOAD_MS = 10_000;

const OTHER_BUILD =
  'Kombinator has another version than this page. Loading the page anew brings it here; what is not committed yet is lost by that.';

/**
 * The place of a screen that cannot be loaded. Either the daemon is away, or it has another build by now: then the page is loaded anew, which browsers
 * need before they ask for such a file again.
 */
function Unloaded() {
  const [error, setError] = useState<ApiError | null>(null);
  const look = async (isAsked: boolean): Promise<void> => {
    setError(null);
    try {
      await get('/session');
    } catch (problem) {
      return setError(toApiError(problem));
    }
    if (isAsked || mayReload()) return reload();
    return setError(new ApiError(0, 'OTHER_BUILD', OTHER_BUILD, null));
  };
  useEffect(() => void look(false), []);
  return (
    <>
      <PageHead title="Not loaded" />
      {error === null ? (
        <Waiting what="this part of the page" />
      ) : (
        <Failed error={error} retry={() => void look(true)} />
      )}
    </>
  );
}

/** Tells whether loading the page anew by itself loses nothing, and is not done again and again. */
function mayReload(): boolean {
  const last = Number(sessionStorage.getItem(KEY));
  return tellUnsaved().length === 0 && Date.now() - last > RELOAD_MS;
}

function reload(): void {
  sessionStorage.setItem(KEY, String(Date.now()));
  location.reload();
}
