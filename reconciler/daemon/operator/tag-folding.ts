import type { DiagnosticCollector } from '../../base/document-diagnostic.ts';
import type { Fields } from '../../base/values.ts';
import { asNumber } from '../../base/values.ts';
import type { TagFolding } from '../../ports/source.ts';
import { DEFAULT_FOLDING } from '../../run/record/fold-tags.ts';

/**
 * Reads `git.tags` of the operator's configuration, which the schema has passed; what that cannot tell is added to the collector. `null`: deployment
 * tags are not folded.
 */
export function readTagFolding(
  tags: Fields | undefined,
  diagnostics: DiagnosticCollector,
): TagFolding | null {
  if (tags === undefined) return DEFAULT_FOLDING;
  if (tags['foldAbove'] === 'never') return null;
  const [written, limit] = [asNumber(tags['keep']), asNumber(tags['foldAbove'])];
  const keep = written ?? Math.min(DEFAULT_FOLDING.keep, limit ?? DEFAULT_FOLDING.keep);
  const above = limit ?? Math.max(DEFAULT_FOLDING.above, keep);
  if (keep > above)
    diagnostics.error(
      'INVALID_VALUE',
      ['git', 'tags', 'keep'],
      `${keep} tags cannot be kept where more than ${above} are folded: keep at most ${above}, or raise foldAbove`,
    );
  return { keep, above };
}
