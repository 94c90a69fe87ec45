import { LRUCache } from 'lru-cache';
import type { ServiceView } from '../../model/stack.ts';
import type { ServicesRequest } from '../../ports/desired.ts';
import type { FileWrite } from '../../ports/source.ts';
import { createPreviewSource } from '../adopt/preview-source.ts';
import { readRevision } from '../read-revision.ts';
import { renderStack } from '../render-stack.ts';
import { createStackIndex } from '../stack-index.ts';
import type { Core } from '../state.ts';

/** Reads one stack with files on top of the repository, at the price of that stack alone. */
export async function servicesWith(
  core: Core,
  writes: readonly FileWrite[],
  { stack, files }: ServicesRequest,
  signal: AbortSignal,
): Promise<readonly ServiceView[]> {
  const { source, revision } = createPreviewSource(core.source, core.state.read, writes, core.state.tree);
  const { state, changes } = await readRevision(revision, { ...core, source, only: new Set(files), signal });
  const index = createStackIndex();
  index.apply(changes);
  const few = { max: files.length + 1 };
  const alone: Core = {
    ...core,
    source,
    state,
    index,
    rendered: new LRUCache(few),
    shown: new LRUCache(few),
    inline: new LRUCache({ max: 1 }),
  };
  return renderStack(alone, stack)?.services ?? [];
}
