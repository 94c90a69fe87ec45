import type { FilesPreview } from '../../public/files/files.ts';
import type { RunContext } from '../context.ts';
import { draftRollback } from '../write/restore-files.ts';
import { diffFiles } from './diff-files.ts';
import { planOverlay, readOverlay } from './plan-overlay.ts';

/** Says what going back to a deployment would do. */
export async function previewRollback(
  context: RunContext,
  stack: string,
  to: number,
  signal: AbortSignal,
): Promise<FilesPreview> {
  const { file, writes, changes } = await draftRollback(context, stack, to, signal);
  const overlay = await readOverlay(context, { stack, file, writes }, signal);
  const { plan, diagnostics } = await planOverlay(context, overlay, signal);
  return {
    diff: await diffFiles(context, stack, { changes, descriptions: [overlay.state?.get(stack)] }, signal),
    diagnostics,
    plan,
    others: overlay.others,
  };
}
