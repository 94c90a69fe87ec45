import type { DesiredStack } from '../../model/stack.ts';
import { unifiedDiff } from '../../plan/text/unified-diff.ts';
import type { FileChange, FileEntry } from '../../ports/source.ts';
import type { FileDiff } from '../../public/files/files.ts';
import type { RunContext } from '../context.ts';
import { readContents, textOf } from './read-files.ts';
import { isSealed } from './sealed-text.ts';
import { createFileMask } from './secret-mask.ts';

/** Files that a stack is written in; another one that is gone by now may have held a secret. */
const WRITTEN_IN = /\.ya?ml$|(?:^|[./])env$/;

export interface FileChanges {
  readonly changes: readonly FileChange[];
  /** The stack as a side describes it: secrets of these, and of the one in force, are masked. Default: that one alone. */
  readonly descriptions?: readonly (DesiredStack | undefined)[];
}

/** Differences of files of a stack by path; what is encrypted, or holds a secret, is named alone. */
export async function diffFiles(
  context: RunContext,
  stack: string,
  { changes, descriptions = [] }: FileChanges,
  signal: AbortSignal,
): Promise<readonly FileDiff[]> {
  const described = new Map(context.desired.describing(stack)?.files.map((file) => [file.path, file]));
  const blobs = changes.flatMap(({ before, after }) => [blobOf(before), blobOf(after)].flat());
  const contents = await readContents(context, blobs, signal);
  const sideOf = (entry: FileEntry | null) => {
    if (entry === null) return null;
    const content = contents.get(entry.blob)?.content ?? undefined;
    const text = content === undefined ? null : textOf(content);
    return text !== null && isSealed(text) ? undefined : content;
  };
  const shown = changes.map(({ path, before, after }) => {
    const known = described.get(path);
    const isHidden = known === undefined ? !WRITTEN_IN.test(path) : known.holdsSecret;
    const sides = { before: sideOf(before), after: sideOf(after) };
    return { path, ...(isHidden ? { before: before && undefined, after: after && undefined } : sides) };
  });
  const texts = shown.flatMap(({ before, after }) =>
    [before, after].flatMap((side) => (side instanceof Uint8Array ? (textOf(side) ?? []) : [])),
  );
  const mask = createFileMask({ descriptions: [context.desired.get(stack), ...descriptions], texts });
  return shown.map(({ path, ...sides }) => ({ path, diff: unifiedDiff(path, sides, mask) }));
}

function blobOf(entry: FileEntry | null): readonly string[] {
  return entry === null || entry.type === 'submodule' ? [] : [entry.blob];
}
