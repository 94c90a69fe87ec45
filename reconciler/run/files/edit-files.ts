import type { Diagnostic } from '../../base/diagnostic.ts';
import { formatDiagnostic } from '../../base/diagnostic.ts';
import { isReconcilerError, ReconcilerError } from '../../base/errors.ts';
import { compareText } from '../../base/values.ts';
import { unifiedDiff } from '../../plan/text/unified-diff.ts';
import type { FileWrite } from '../../ports/source.ts';
import type { FileDiff, FileEdit, FilesPreview, FilesRequest } from '../../public/files/files.ts';
import type { RunContext } from '../context.ts';
import type { Overlay } from './plan-overlay.ts';
import { planOverlay, readOverlay } from './plan-overlay.ts';
import { MAX_TEXT_BYTES, needFiles, openText, readContents } from './read-files.ts';
import { createFileMask } from './secret-mask.ts';

/** Edits that may be made, as they would be committed. */
export interface FileEdits {
  readonly stack: string;
  /** The document of the stack. */
  readonly file: string;
  /** Files that differ, by path. */
  readonly writes: readonly (FileWrite & { readonly content: string | null })[];
  /** Texts that were there before, by path; left out: no such file. */
  readonly before: ReadonlyMap<string, string>;
  /** Commit that they were checked at. */
  readonly head: string;
}

/** Checks what is asked for against what is there. Throws as `FileOperations.previewFiles` does. */
export async function checkEdits(
  context: RunContext,
  { stack, files, base }: FilesRequest,
  signal: AbortSignal,
): Promise<FileEdits> {
  const described = needFiles(context, stack);
  const head = context.desired.revision?.commit ?? '';
  const known = new Map(described.files.map((file) => [file.path, file]));
  const blobs = files.flatMap(({ path }) => known.get(path)?.blob ?? []);
  const contents = await readContents(context, blobs, signal);
  const before = new Map<string, string>();
  const found = files.flatMap((edit, index): readonly Diagnostic[] => {
    const { path } = edit;
    const file = known.get(path);
    const content = contents.get(file?.blob ?? '')?.content;
    const text = file?.holdsSecret === true ? null : openText(content);
    if (file !== undefined && text !== null) before.set(path, text);
    const barred = described.whyNot(path);
    if (barred !== null) return [refuse('INSECURE_PATH', path, barred)];
    if (files.findIndex((other) => other.path === path) < index)
      return [refuse('DUPLICATE_NAME', path, 'it is named twice')];
    const reason = whyNoEdit(edit, { isThere: file !== undefined, text, isMain: file?.isMain === true });
    return reason === null ? [] : [refuse('INVALID_VALUE', path, reason)];
  });
  if (found.length > 0) throw refused(found);
  await refuseChanged(context, files, base, signal);
  const writes = files
    .map(({ path, text }) => ({ path, content: text }))
    .filter(({ path, content }) => content !== (before.get(path) ?? null))
    .sort((a, b) => compareText(a.path, b.path));
  const file = described.files.find(({ isMain }) => isMain)?.path ?? '';
  return { stack, file, writes, before, head };
}

interface Present {
  readonly isThere: boolean;
  readonly isMain: boolean;
  /** `null`: it is not there, or has no text that is shown. */
  readonly text: string | null;
}

function whyNoEdit({ text: wanted }: FileEdit, { isThere, isMain, text }: Present): string | null {
  if (isThere && text === null)
    return 'its content is not shown here (it is encrypted, holds a secret, is no text, or is too large), and stays as it is';
  if (wanted === null && !isThere) return 'there is no such file to take away';
  if (wanted === null && isMain) return 'without it there is no stack: delete the stack instead';
  if (wanted !== null && Buffer.byteLength(wanted) > MAX_TEXT_BYTES)
    return `it has ${Buffer.byteLength(wanted)} bytes; at most ${MAX_TEXT_BYTES} are written here`;
  if (wanted?.includes('\0') === true) return 'it is no text';
  return null;
}

function refuse(code: string, file: string, message: string): Diagnostic {
  return { severity: 'error', code, message, file };
}

function refused(diagnostics: readonly Diagnostic[]): ReconcilerError {
  const text = diagnostics.map(({ file, message }) => `${file}: ${message}`).join('\n');
  return new ReconcilerError('BAD_OPTIONS', `not to be written:\n${text}`, { diagnostics });
}

/** Throws WRITE_CONFLICT when one of the files is not the one that was read any more. */
async function refuseChanged(
  { source, desired }: RunContext,
  files: readonly FileEdit[],
  base: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const head = desired.revision?.commit;
  if (base === undefined || head === undefined || base === head) return;
  const changes = await source.diff(base, head, signal).catch((error: unknown) => {
    if (!isReconcilerError(error, 'GIT_ERROR') || error.retryable) throw error;
    throw new ReconcilerError('BAD_OPTIONS', `there is no commit ${base}`, { cause: error });
  });
  const paths = new Set(files.map(({ path }) => path));
  const changed = changes.map(({ path }) => path).filter((path) => paths.has(path));
  if (changed.length === 0) return;
  throw new ReconcilerError(
    'WRITE_CONFLICT',
    `${changed.join(', ')} changed since ${base.slice(0, 10)}: read it again`,
  );
}

/** Says what edits would do. */
export async function previewEdits(
  context: RunContext,
  edits: FileEdits,
  signal: AbortSignal,
): Promise<FilesPreview> {
  const overlay = await readOverlay(context, edits, signal);
  const { plan, diagnostics } = await planOverlay(context, overlay, signal);
  return { diff: diffOf(context, edits, overlay), diagnostics, plan, others: overlay.others };
}

function diffOf(
  { desired }: RunContext,
  { stack, writes, before }: FileEdits,
  { state }: Overlay,
): readonly FileDiff[] {
  // A secret that the files do not describe any more is one still.
  const descriptions = [desired.get(stack), state?.get(stack)];
  const texts = [...before.values(), ...writes.flatMap(({ content }) => content ?? [])];
  const mask = createFileMask({ descriptions, texts });
  const bytes = (text: string | null) => (text === null ? null : new TextEncoder().encode(text));
  return writes.map(({ path, content }) => {
    const sides = { before: bytes(before.get(path) ?? null), after: bytes(content) };
    return { path, diff: unifiedDiff(path, sides, mask) };
  });
}

/** Throws INVALID_CONFIGURATION with every finding that keeps edits from being committed. Values of a workflow's secrets may come with its next run. */
export async function refuseInvalid(
  context: RunContext,
  edits: FileEdits,
  signal: AbortSignal,
): Promise<void> {
  const { diagnostics } = await readOverlay(context, edits, signal);
  const comesLater = context.desired.facts(edits.stack)?.kind === 'workflow' ? 'SECRET_NOT_FOUND' : '';
  const errors = diagnostics.filter(({ severity, code }) => severity === 'error' && code !== comesLater);
  if (errors.length === 0) return;
  const text = errors.map(formatDiagnostic).join('\n');
  throw new ReconcilerError('INVALID_CONFIGURATION', `not written, because it would not be valid:\n${text}`, {
    diagnostics,
  });
}
