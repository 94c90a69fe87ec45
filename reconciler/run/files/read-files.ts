import { ReconcilerError } from '../../base/errors.ts';
import { maskLines } from '../../plan/text/mask-lines.ts';
import type { DescribingFile, DescribingFiles } from '../../ports/desired.ts';
import type { StackFile, StackFiles } from '../../public/files/files.ts';
import type { RunContext } from '../context.ts';
import { isSealed } from './sealed-text.ts';
import { createFileMask } from './secret-mask.ts';

/** Larger files are told of by their size. */
export const MAX_TEXT_BYTES = 256 * 1024;
const MAX_FILES = 500;
/** Text of all files of one answer; of what comes then, the sizes are told. */
const MAX_TOTAL = 4 * 1024 ** 2;

/** Throws UNKNOWN_STACK. */
export function needFiles({ desired }: RunContext, stack: string): DescribingFiles {
  const files = desired.describing(stack);
  if (files !== undefined) return files;
  throw new ReconcilerError('UNKNOWN_STACK', `there is no stack ${stack}`);
}

export interface FileContent {
  readonly size: number;
  /** `null` for more than `MAX_TEXT_BYTES`. */
  readonly content: Uint8Array | null;
}

/** Contents by blob id; what is not in the repository is left out. */
export async function readContents(
  { source }: Pick<RunContext, 'source'>,
  blobs: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, FileContent>> {
  const found = new Map<string, FileContent>();
  if (blobs.length === 0) return found;
  for await (const { blob, size, content } of source.readBlobs([...new Set(blobs)], MAX_TEXT_BYTES, signal))
    found.set(blob, { size, content });
  return found;
}

/** Text that people may read and change; `null` for what is none, or is sealed. */
export function openText(content: Uint8Array | null | undefined): string | null {
  const text = content === null || content === undefined ? null : textOf(content);
  return text === null || isSealed(text) ? null : text;
}

export function textOf(content: Uint8Array): string | null {
  if (content.includes(0)) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
  } catch {
    return null;
  }
}

/** Reads the files of a stack as they are at the revision in force. */
export async function listFiles(
  context: RunContext,
  stack: string,
  { masked }: { readonly masked: boolean },
  signal: AbortSignal,
): Promise<StackFiles> {
  const { files } = needFiles(context, stack);
  const diagnostics = context.desired.get(stack)?.diagnostics ?? [];
  const revision = context.desired.revision?.commit ?? '';
  const shown = files.slice(0, MAX_FILES);
  const contents = await readContents(
    context,
    shown.flatMap(({ blob }) => blob ?? []),
    signal,
  );
  const paths = new Set(shown.map(({ path }) => path));
  let left = MAX_TOTAL;
  const read = shown.map((file) => {
    const known = contents.get(file.blob ?? '');
    const content = left >= (known?.size ?? 0) ? (known?.content ?? null) : null;
    left -= content?.length ?? 0;
    return { file, ...toText(file, content), size: known?.size ?? null };
  });
  const texts = masked ? read.flatMap(({ text }) => text ?? []) : [];
  const mask = createFileMask({ descriptions: masked ? [context.desired.get(stack)] : [], texts });
  const listed = read.map(({ file, text, isSecret, size }): StackFile => {
    const own = diagnostics.filter(({ file: path = '' }) =>
      file.isMain ? path === file.path || !paths.has(path) : path === file.path,
    );
    const shownText = text === null || !masked ? text : maskLines(mask(text).split('\n')).join('\n');
    return {
      path: file.path,
      text: shownText,
      isMain: file.isMain,
      isSecret,
      isMasked: shownText !== text,
      ...(file.link === undefined ? {} : { link: file.link }),
      size,
      diagnostics: own,
    };
  });
  return { revision, files: listed, omitted: files.length - shown.length };
}

/** Text of a file, `null` for one that is told to nobody. */
function toText(
  { holdsSecret }: DescribingFile,
  content: Uint8Array | null,
): Pick<StackFile, 'text' | 'isSecret'> {
  const whole = content === null ? null : textOf(content);
  const isSecret = holdsSecret || (whole !== null && isSealed(whole));
  return { text: isSecret ? null : whole, isSecret };
}
