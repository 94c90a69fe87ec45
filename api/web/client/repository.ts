import { signal } from '@preact/signals';
import type { RepositoryView } from './api-types.ts';
import { get } from './request.ts';

/** The config repository as it was told last; `null` until then. */
export const repository = signal<RepositoryView | null>(null);

export async function readRepository(): Promise<void> {
  try {
    repository.value = await get<RepositoryView>('/repository');
  } catch {
    // Links to the Git host are left out until it can be asked.
  }
}

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
