import { isApiError } from './api-error.ts';
import type { ApiClient } from './client.ts';
import type { LiveObject } from '../cache/live-object.ts';
import { isLiveObject } from '../cache/live-object.ts';

/** The object itself, asked for now; `undefined` when it is not there. */
export async function readObject(
  { client }: { readonly client: ApiClient },
  path: string,
  signal: AbortSignal,
): Promise<LiveObject | undefined> {
  try {
    const { body } = await client.request({ method: 'GET', path, signal });
    return isLiveObject(body) ? body : undefined;
  } catch (error) {
    if (isApiError(error, 404)) return undefined;
    throw error;
  }
}
