import { isReconcilerError, ReconcilerError } from '../../base/errors.ts';
import type { FileOperations, FilesRequest, FilesWrite } from '../../public/files/files.ts';
import type { Actor } from '../../public/views.ts';
import type { OperationParts } from '../operations/parts.ts';
import { compareDeployments } from './compare-deployments.ts';
import { checkEdits, previewEdits, refuseInvalid } from './edit-files.ts';
import { previewRollback } from './preview-rollback.ts';
import { listFiles } from './read-files.ts';

/** Commits of others, to other files, that a write may come upon before its caller is told. */
const MAX_ATTEMPTS = 3;

export function createFileOperations(parts: OperationParts): FileOperations {
  const { context, loop } = parts;
  return {
    listFiles(stack, options, signal) {
      loop.requireRead();
      return listFiles(context, stack, options, signal);
    },
    async previewFiles(request, signal) {
      await loop.refreshIfPossible(signal);
      return previewEdits(context, await checkEdits(context, request, signal), signal);
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
    async previewRollback(stack, to, signal) {
      await loop.refreshIfPossible(signal);
      return previewRollback(context, stack, to, signal);
    },
    compareDeployments: (request, signal) => compareDeployments(context, request, signal),
  };
}

async function write(
  { context, loop, writer }: OperationParts,
  { message, ...request }: FilesRequest & { readonly message?: string },
  actor: Actor,
  signal: AbortSignal,
): Promise<FilesWrite> {
  const edits = await checkEdits(context, request, signal);
  const { stack, file, writes, head } = edits;
  if (writes.length === 0) throw new ReconcilerError('BAD_OPTIONS', `the files of ${stack} say that already`);
  await refuseInvalid(context, edits, signal);
  const told = { file, message: message ?? `Edit ${stack}` };
  const result = await loop.written(writer.commitFiles(writes, told, { actor, signal, base: head }));
  return { ...result, files: writes.map(({ path }) => path) };
}
