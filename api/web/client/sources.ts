import { computed, signal } from '@preact/signals';
import type { SourceView } from './fleet-types.ts';
import { get, query } from './request.ts';

interface SourceList {
  /** Name of the repository that this page is about. */
  readonly current: string;
  readonly sources: readonly SourceView[];
}

/** Repositories of the daemon; `null` until the first answer. */
export const sourceList = signal<SourceList | null>(null);

/** The page is the daemon's own, which has no repository but those of its sources. */
export const isAlone = computed(() => {
  const list = sourceList.value;
  return list !== null && !list.sources.some(({ name }) => name === list.current);
});

/**
 * Asks for the repositories; what is known stays where that fails.
 *
 * @param counts stacks are counted by state, too
 */
export async function readSources(counts: boolean): Promise<void> {
  try {
    sourceList.value = await get<SourceList>(`/sources${query({ counts })}`);
  } catch {
    // The chooser is not shown; every screen says by itself that nobody answers.
  }
}

/** Name of a source in words. */
export function nameOf({ name }: Pick<SourceView, 'name'>): string {
  return name === '' ? 'Own repository' : name;
}
