import type { RequestListener } from 'node:http';

/** Listeners that answer below `/sources/<name>`, by name. */
export type SourceListeners = ReadonlyMap<string, RequestListener>;

const BELOW = /^\/sources\/([a-z0-9-]+)(?=[/?]|$)(\/?)/;
const HOOK = /^\/api\/hooks\/([a-z0-9-]+)(?=\?|$)/;

/**
 * Hands requests below `/sources/<name>` to that source, as if they had come without it: all of its dialects, and its page, are there as those of a daemon
 * of its own would be at the root. Hooks of a source may come to `/api/hooks/<name>` as well. Everything else is the daemon's own.
 */
export function dispatchSources(own: RequestListener, sources: SourceListeners): RequestListener {
  if (sources.size === 0) return own;
  return (request, response) => {
    const { url = '/' } = request;
    const found = findSource(url, sources);
    if (found === null) return own(request, response);
    request.url = found.url;
    return found.listener(request, response);
  };
}

function findSource(
  url: string,
  sources: SourceListeners,
): { readonly listener: RequestListener; readonly url: string } | null {
  const below = BELOW.exec(url);
  const name = below?.[1] ?? HOOK.exec(url)?.[1];
  const listener = name === undefined ? undefined : sources.get(name);
  if (listener === undefined) return null;
  const rest = below === null ? url.replace(HOOK, '/api/hooks/config') : `/${url.slice(below[0].length)}`;
  return { listener, url: rest };
}
