import { createMask } from '../../model/secret.ts';
import { unifiedDiff } from '../../plan/text/unified-diff.ts';
import type { FileChange, FileEntry } from '../../ports/source.ts';
import type { FileDiff } from '../../public/files/files.ts';
import type { RunContext } from '../context.ts';
import { readContents, textOf } from './read-files.ts';
import { isSealed } from './sealed-text.ts';

/** Files that a stack is written in; another one that is gone by now may have held a secret. */
const WRITTEN_IN = /\.ya?ml$|(?:^|[./])env$/;

/** Takes the secrets of a stack, as it is described now, out of texts. */
export function maskOf({ desired }: Pick<RunContext, 'desired'>, stack: string): (text: string) => string {
  return createMask(desired.get(stack)?.resources.map(({ spec }) => spec) ?? []);
}

/** Differences of files of a stack by path; what is encrypted, or holds a secret, is named alone. */
export async function diffFiles(
  context: RunContext,
  stack: string,
  changes: readonly FileChange[],
  signal: AbortSignal,
): Promise<readonly FileDiff[]> {
  const described = new Map(context.desired.describing(stack)?.files.map((file) => [file.path, file]));
  const blobs = changes.flatMap(({ before, after }) => [blobOf(before), blobOf(after)].flat());
  const contents = await readContents(context, blobs, signal);
  const mask = maskOf(context, stack);
  const sideOf = (entry: FileEntry | null) => {
    if (entry === null) return null;
    const content = contents.get(entry.blob)?.content ?? undefined;
    const text = content === undefined ? null : textOf(content);
    return text !== null && isSealed(text) ? undefined : content;
  };
  return changes.map(({ path, before, after }) => {
    const known = described.get(path);
    const isHidden = known === undefined ? !WRITTEN_IN.test(path) : known.holdsSecret;
    const sides = { before: sideOf(before), after: sideOf(after) };
    const shown = isHidden ? { before: before && undefined, after: after && undefined } : sides;
    return { path, diff: unifiedDiff(path, shown, mask) };
  });
}

function blobOf(entry: FileEntry | null): readonly string[] {
  return entry === null || entry.type === 'submodule' ? [] : [entry.blob];
}
