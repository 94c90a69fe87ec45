import type { TagFolding } from '../../ports/source.ts';
import type { RunContext } from '../context.ts';

/** Pause between two looks at whether stacks have too many tags, in milliseconds. */
export const FOLD_EVERY_MS = 600_000;
/** Folding where the operator says nothing else. */
export const DEFAULT_FOLDING: TagFolding = { keep: 20, above: 100 };

/**
 * Folds the deployment tags of stacks that have many, of a thousand tags in two pushes. What the remote does not take is logged once.
 *
 * @param folding `null`: none are folded. Default `DEFAULT_FOLDING`
 */
export function createTagFolding(
  { source, deployments, logger }: Pick<RunContext, 'source' | 'deployments' | 'logger'>,
  folding: TagFolding | null = DEFAULT_FOLDING,
): (signal: AbortSignal) => Promise<void> {
  let told = '';
  return async (signal) => {
    if (folding === null) return;
    const failed = await source.foldTags({ ...folding, except: deployments.unpushed() }, signal);
    const text = [...failed].map(([ref, reason]) => `${ref}: ${reason}`).join('; ');
    if (text !== '' && text !== told)
      logger.warn(
        { refs: failed.size, error: text.slice(0, 1_000) },
        'deployment tags could not be folded; they stay as they are',
      );
    told = text;
  };
}
