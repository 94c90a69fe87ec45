import type { Sealer } from '../../ports/adopt/adoption-draft.ts';
import type { AdoptionOperations } from '../../public/adopt/adoptions.ts';
import { asList, own } from '../../base/values.ts';
import { draftProject, previewDraft, refuseInvalid } from './preview.ts';
import { listProjects } from './projects.ts';
import type { OperationParts } from '../operations/parts.ts';

export function createAdoptionOperations(
  { context, loop, writer }: OperationParts,
  seal: Sealer | undefined,
): AdoptionOperations {
  return {
    async listProjects(signal) {
      await loop.refreshForWrite(signal);
      return listProjects(context, signal);
    },
    async previewAdoption(request, signal) {
      await loop.refreshForWrite(signal);
      return previewDraft(context, await draftProject(context, seal, request, signal), signal);
    },
    async adopt(request, actor, signal) {
      await loop.refreshForWrite(signal);
      const drafted = await draftProject(context, seal, request, signal);
      await refuseInvalid(context, drafted, signal);
      const { stack, found, draft } = drafted;
      const message = `Take over the Compose project ${found.view.name} as the stack ${stack}`;
      const { file, writes } = draft;
      const result = await loop.written(writer.commitFiles(writes, { file, message }, { actor, signal }));
      return { ...result, stack };
    },
    async release(stack, actor, signal) {
      await loop.refreshForWrite(signal);
      const by = { actor, signal };
      return loop.written(
        writer.releaseStack(stack, (settings) => ({ released: [...listed(settings), stack] }), by),
      );
    },
  };
}

type Settings = Parameters<Parameters<OperationParts['context']['desired']['draftSettings']>[0]>[0];

function listed(settings: Settings): readonly unknown[] {
  return asList(own(settings, 'released')) ?? [];
}
