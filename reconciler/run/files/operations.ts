import { createLine } from '../../base/mutex.ts';
import { isReconcilerError, ReconcilerError } from '../../base/errors.ts';
import type { DraftOperations } from '../../public/files/drafts.ts';
import type { FileOperations, FilesRequest, FilesWrite } from '../../public/files/files.ts';
import type { Actor } from '../../public/views.ts';
import type { OperationParts } from '../operations/parts.ts';
import { draftStack, previewDraft } from './draft-stack.ts';
import { compareDeployments } from './compare-deployments.ts';
import type { WriteBy } from '../write/repository-writer.ts';
import type { FileEdits } from './edit-files.ts';
import { checkEdits, previewEdits, refuseInvalid } from './edit-files.ts';
import { draftIgnore } from './ignore-drift.ts';
import { previewRollback } from './preview-rollback.ts';
import { listFiles } from './read-files.ts';

/** Commits of others, to other files, that a write may come upon before its caller is told. */
const MAX_ATTEMPTS = 3;

/** Previews at a time: each holds a state of its own, and one may wait for a target that does not answer. */
const PREVIEWS = 2;
/** Comparisons at a time: each may look through a thousand commits. */
const COMPARISONS = 1;

export function createFileOperations(parts: OperationParts): FileOperations & DraftOperations {
  const { context, loop } = parts;
  return {
    ...createPreviews(parts),
    listFiles(stack, options, signal) {
      loop.requireRead();
      return listFiles(context, stack, options, signal);
    },
    async writeFiles(request, actor, signal) {
      let { base } = request;
      for (let attempt = 1; ; attempt += 1) {
        await loop.refreshForWrite(signal);
        base ??= context.desired.revision?.commit;
        try {
          return await write(parts, { ...request, ...(base === undefined ? {} : { base }) }, actor, signal);
        } catch (error) {
          // Somebody was faster; whether with these files, the next attempt finds out.
          const isRace = isReconcilerError(error, 'WRITE_CONFLICT') && base !== undefined;
          if (!isRace || attempt === MAX_ATTEMPTS) throw error;
        }
      }
    },
    async ignoreDrift({ message, ...request }, actor, signal) {
      await loop.refreshForWrite(signal);
      const edits = await draftIgnore(context, request, signal);
      const { resource, field, stack } = request;
      const told = message ?? `Let ${field} of ${resource} differ in ${stack}`;
      return commitEdits(parts, edits, told, { actor, signal });
    },
    listKits: () => context.desired.kits(),
    async commitDraft({ message, ...request }, actor, signal) {
      await loop.refreshForWrite(signal);
      const told = message ?? `Create stack ${request.name}`;
      return commitEdits(parts, draftStack(context, request), told, { actor, signal });
    },
  };
}

type Previews = Pick<
  FileOperations & DraftOperations,
  'previewFiles' | 'previewRollback' | 'previewIgnoreDrift' | 'previewDraft' | 'compareDeployments'
>;

/** Operations that write nothing and take a while: few at a time, others wait for their turn. */
function createPreviews({ context, loop }: OperationParts): Previews {
  const previewing = createLine(PREVIEWS);
  const comparing = createLine(COMPARISONS);
  return {
    async previewFiles(request, signal) {
      await loop.refreshIfPossible(signal);
      return previewing(
        async () => previewEdits(context, await checkEdits(context, request, signal), signal),
        signal,
      );
    },
    async previewRollback(stack, to, signal) {
      await loop.refreshIfPossible(signal);
      return previewing(() => previewRollback(context, stack, to, signal), signal);
    },
    async previewIgnoreDrift(request, signal) {
      await loop.refreshIfPossible(signal);
      return previewing(
        async () => previewEdits(context, await draftIgnore(context, request, signal), signal),
        signal,
      );
    },
    async previewDraft(request, signal) {
      await loop.refreshForWrite(signal);
      return previewing(() => previewDraft(context, draftStack(context, request), signal), signal);
    },
    compareDeployments: (request, signal) =>
      comparing(() => compareDeployments(context, request, signal), signal),
  };
}

async function write(
  parts: OperationParts,
  { message, ...request }: FilesRequest & { readonly message?: string },
  actor: Actor,
  signal: AbortSignal,
): Promise<FilesWrite> {
  const edits = await checkEdits(parts.context, request, signal);
  const { stack, writes } = edits;
  if (writes.length === 0) throw new ReconcilerError('BAD_OPTIONS', `the files of ${stack} say that already`);
  return commitEdits(parts, edits, message ?? `Edit ${stack}`, { actor, signal });
}

/** Throws INVALID_CONFIGURATION, and WRITE_CONFLICT when the branch has moved since they were checked. */
async function commitEdits(
  { context, loop, writer }: OperationParts,
  edits: FileEdits,
  message: string,
  { actor, signal }: WriteBy,
): Promise<FilesWrite> {
  const { file, writes, head } = edits;
  await refuseInvalid(context, edits, signal);
  // A branch without a commit has none to write on top of.
  const by = { actor, signal, ...(head === '' ? {} : { base: head }) };
  const result = await loop.written(writer.commitFiles(writes, { file, message }, by));
  return { ...result, files: writes.map(({ path }) => path) };
}
