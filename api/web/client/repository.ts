import { signal } from '@preact/signals';
import type { RepositoryView } from './api-types.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { get, toApiError } from './request.ts';

/** The config repository as it was told last; `null` until then. */
export const repository = signal<RepositoryView | null>(null);

/** Pause before the repository is asked for again where that failed. */
const RETRY_MS = 10_000;
let retry: ReturnType<typeof setTimeout> | undefined;

/** Asks for the repository; where that fails, what was told last stays until it succeeds. */
export const readRepository = oneAtATime(async () => {
  clearTimeout(retry);
  try {
    repository.value = await get<RepositoryView>('/repository');
  } catch (error) {
    if (toApiError(error).status !== 401) retry = setTimeout(() => readRepository(), RETRY_MS);
  }
});

/** Address of a line at the Git host; `null` where that is not known. */
export function fileAddress(path: string, line: number | undefined, commit: string | null): string | null {
  const { web, revision } = repository.value ?? {};
  const at = commit ?? revision?.commit;
  if (web === null || web === undefined || at === undefined) return null;
  return web.file
    .replace('{commit}', at)
    .replace('{path}', path.split('/').map(encodeURIComponent).join('/'))
    .replace('{line}', String(line ?? 1));
}

/** Address of a commit at the Git host. */
export function commitAddress(commit: string): string | null {
  const web = repository.value?.web;
  return web === null || web === undefined ? null : web.commit.replace('{commit}', commit);
}
