import type {
  Actor,
  DraftRequest,
  FilesRequest,
  FilesWrite,
  IgnoreDriftRequest,
} from '../../reconciler/index.ts';
import type { ApiDeps } from './deps.ts';
import type { StackWrite } from './stacks.ts';
import { withView } from './stacks.ts';
import { newSignal } from './write.ts';

/** One commit with files of a stack, carried through even when whoever asked goes away. Throws as `FileOperations.writeFiles` does. */
export async function writeFiles(
  deps: ApiDeps,
  request: FilesRequest & { readonly message?: string },
  actor: Actor,
): Promise<StackWrite & FilesWrite> {
  return withView(deps, request.stack, await deps.reconciler.writeFiles(request, actor, newSignal()));
}

/** One commit that lets a field differ from what was deployed, carried through likewise. */
export async function ignoreDrift(
  deps: ApiDeps,
  request: IgnoreDriftRequest,
  actor: Actor,
): Promise<StackWrite & FilesWrite> {
  return withView(deps, request.stack, await deps.reconciler.ignoreDrift(request, actor, newSignal()));
}

/** One commit with the files of a new stack, carried through likewise. */
export async function commitDraft(
  deps: ApiDeps,
  request: DraftRequest & { readonly message?: string },
  actor: Actor,
): Promise<StackWrite & FilesWrite> {
  return withView(deps, request.name, await deps.reconciler.commitDraft(request, actor, newSignal()));
}
