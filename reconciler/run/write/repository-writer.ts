import { compareDiagnostics, formatDiagnostic, hasErrors } from '../../base/diagnostic.ts';
import { isReconcilerError, ReconcilerError } from '../../base/errors.ts';
import type { Draft } from '../../ports/desired.ts';
import type { DeploymentTag, FileWrite } from '../../ports/source.ts';
import type {
  RepositoryStatus,
  RollbackResult,
  RollbackTarget,
  WriteResult,
} from '../../public/reconciler.ts';
import type { Actor } from '../../public/views.ts';
import type { DescribedKind } from '../../model/stack.ts';
import type { ResourceId } from '../../model/resource.ts';
import { rememberStack } from '../context.ts';
import type { RunContext } from '../context.ts';
import type { DriftEdit } from '../drift/drift-edit.ts';
import { draftDrift, proposalMessage } from '../drift/drift-proposals.ts';
import type { PlannedStack } from '../observe/plan-stack.ts';
import { draftRollback, leftAlone, ownOf, refuseOfTemplate, restoring, withFacts } from './restore-files.ts';

/** Author of a write, and for how long the answer is waited for. */
export interface WriteBy {
  readonly actor: Actor;
  readonly signal: AbortSignal;
}

export interface NewStack {
  readonly name: string;
  /** Default kombination. */
  readonly kind?: DescribedKind;
}

/** Changes asked for over the API: commits on the config repository, which are then reconciled like any push. */
export class RepositoryWriter {
  readonly #context: RunContext;
  readonly #repositoryError: () => RepositoryStatus['error'];

  /** @param repositoryError why the newest revision could not be read, `null` when it could */
  constructor(context: RunContext, repositoryError: () => RepositoryStatus['error']) {
    this.#context = context;
    this.#repositoryError = repositoryError;
  }

  async createStack(
    { name, kind = 'kombination' }: NewStack,
    document: object,
    by: WriteBy,
  ): Promise<WriteResult> {
    const { desired } = this.#context;
    if (desired.names().includes(name)) {
      throw new ReconcilerError('STACK_EXISTS', `there is a stack ${name} already`);
    }
    return this.#commitDraft(
      desired.draftStack(name, document, kind),
      `Create ${kind === 'workflow' ? kind : 'stack'} ${name}`,
      by,
    );
  }

  async updateStack(name: string, keys: object, by: WriteBy): Promise<WriteResult> {
    this.#requireStack(name);
    return this.#commitDraft(await this.#context.desired.editStack(name, keys), `Update stack ${name}`, by);
  }

  /** Commits a stack's file as `edit` rewrites its text. */
  async rewriteStack(
    name: string,
    edit: (text: string) => string,
    message: string,
    by: WriteBy,
  ): Promise<WriteResult> {
    this.#requireStack(name);
    return this.#commitDraft(this.#context.desired.rewriteStack(name, edit), message, by);
  }

  async deleteStack(name: string, by: WriteBy): Promise<WriteResult> {
    const file = this.#requireStack(name);
    const writes = this.#context.desired.filesOf(name).map((path): FileWrite => ({ path, content: null }));
    return this.#commit(writes, file, `Delete stack ${name}`, by);
  }

  /** All of them in one commit. */
  async deleteDescriptions(names: readonly string[], by: WriteBy): Promise<WriteResult> {
    const files = names.map((name) => this.#requireStack(name));
    const paths = new Set(names.flatMap((name) => this.#context.desired.filesOf(name)));
    const writes = [...paths].map((path): FileWrite => ({ path, content: null }));
    const subject = names.length === 1 ? `stack ${names[0]}` : `stacks ${names.join(', ')}`;
    const title = subject.length > 60 ? `${names.length} stacks\n\n${names.join('\n')}` : subject;
    return this.#commit(writes, files[0] ?? '', `Delete ${title}`, by);
  }

  /** Changes `kombinator.yaml`, or makes it. */
  async editSettings(
    edit: Parameters<RunContext['desired']['draftSettings']>[0],
    message: string,
    by: WriteBy,
  ): Promise<WriteResult> {
    return this.#commitDraft(await this.#context.desired.draftSettings(edit), message, by);
  }

  /** Changes files of clusters, or makes them; `null` removes a key. All of it in one commit. */
  async editClusters(
    edits: readonly { readonly name: string; readonly keys: object }[],
    message: string,
    by: WriteBy,
  ): Promise<WriteResult> {
    const drafts = await Promise.all(
      edits.map(({ name, keys }) => this.#context.desired.draftCluster(name, keys)),
    );
    return this.#commitDrafts(drafts, message, by);
  }

  /** Says in `kombinator.yaml` that a stack is given back. */
  async releaseStack(
    name: string,
    edit: Parameters<RunContext['desired']['draftSettings']>[0],
    by: WriteBy,
  ): Promise<WriteResult> {
    this.#requireStack(name);
    return this.editSettings(edit, `Give the stack ${name} back to Compose`, by);
  }

  /** Commits files that were put together elsewhere, and checked; at `base`, where that is not the revision in force by now. */
  commitFiles(
    writes: readonly FileWrite[],
    { file, message }: { readonly file: string; readonly message: string },
    by: WriteBy & { readonly base?: string },
  ): Promise<WriteResult> {
    return this.#commit(writes, file, message, by);
  }

  async removeFile(path: string, message: string, by: WriteBy): Promise<WriteResult> {
    return this.#commit([{ path, content: null }], path, message, by);
  }

  async registerWorker(name: string, document: object, by: WriteBy): Promise<WriteResult> {
    const { desired } = this.#context;
    if (desired.nodes().some((node) => node.name === name)) {
      throw new ReconcilerError('WORKER_EXISTS', `there is a worker ${name} already`);
    }
    return this.#commitDraft(desired.draftNode(name, document), `Register worker ${name}`, by);
  }

  async unregisterWorker(name: string, by: WriteBy): Promise<WriteResult> {
    const { desired } = this.#context;
    const node = desired.nodes().find((candidate) => candidate.name === name);
    if (node === undefined)
      throw new ReconcilerError('UNKNOWN_WORKER', `there is no worker ${name} in nodes/`);
    const users = desired
      .names()
      .filter((stack) => desired.get(stack)?.targets.some((target) => target.name === name));
    if (users.length > 0) {
      throw new ReconcilerError(
        'WORKER_IN_USE',
        `worker ${name} is used by ${users.join(', ')}; move them first`,
      );
    }
    return this.#commit([{ path: node.file, content: null }], node.file, `Unregister worker ${name}`, by);
  }

  /** Puts back the files of the stack as they were at that deployment, also of one that is no longer described. */
  async rollback(stack: string, target: RollbackTarget, by: WriteBy): Promise<RollbackResult> {
    const { to, message = null } = typeof target === 'number' ? { to: target } : target;
    const { file, writes, text } = await draftRollback(this.#context, stack, to, by.signal);
    const result = await this.#commit(writes, file, message === null ? text : withFacts(message, text), by);
    // It is a deployment even where the old version runs already, because the bad one never took its place.
    rememberStack(this.#context, stack, { untagged: true, heldDesired: null });
    return { ...result, files: writes.map(({ path }) => path).sort() };
  }

  /** Puts the files of the stack as they are at a tag; `null` when they are so already. */
  async restoreStack(stack: string, tag: DeploymentTag, by: WriteBy): Promise<WriteResult | null> {
    refuseOfTemplate(this.#context, stack);
    const files = await this.#filesOf(stack);
    const there = await this.#context.source.diff(null, tag.commit, by.signal);
    if (!there.some(({ path }) => files.includes(path)))
      throw new ReconcilerError(
        'BAD_OPTIONS',
        `${tag.name} does not describe ${stack}: it has no ${files.join(', ')}`,
      );
    const { writes, shared } = await restoring(this.#context, files, tag.commit, by.signal);
    if (writes.length === 0) return null;
    const lines = [
      `Deploy ${tag.name}`,
      '',
      `The files of ${stack} are as in ${tag.name}, revision ${tag.commit.slice(0, 10)}.`,
      ...leftAlone(shared),
    ];
    const result = await this.#commit(writes, files[0] ?? '', lines.join('\n'), by);
    rememberStack(this.#context, stack, { untagged: true, heldDesired: null });
    return result;
  }

  /** Files of the stack that are not the same at two commits. */
  async filesThatDiffer(
    stack: string,
    { from, to }: { readonly from: string; readonly to: string },
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const changes = await this.#context.source.diff(from, to, signal);
    const own = await ownOf(this.#context, await this.#filesOf(stack), changes, signal);
    return own.map(({ path }) => path);
  }

  /** The file that describes it now, or did when it was last deployed. */
  async #filesOf(stack: string): Promise<readonly string[]> {
    const { desired, deployments } = this.#context;
    const file = desired.get(stack)?.file ?? (await deployments.latest(stack))?.file;
    if (file !== undefined && file !== null) return [file];
    throw new ReconcilerError(
      'UNKNOWN_STACK',
      `there is no stack ${stack}, and nobody knows which file described it`,
    );
  }

  /** Writes what runs into the stack's file. Throws BAD_OPTIONS when none of it has a place there. */
  async acceptDrift(
    planned: PlannedStack,
    only: ReadonlySet<ResourceId> | undefined,
    by: WriteBy,
  ): Promise<WriteResult & Pick<DriftEdit, 'unplaced'>> {
    const { stack } = planned.plan;
    const { draft, placed, unplaced } = draftDrift(this.#context, planned, only);
    if (placed.length === 0) {
      throw new ReconcilerError(
        'BAD_OPTIONS',
        `none of this has a place in ${draft.path}: ${unplaced.join(', ')}`,
      );
    }
    const result = await this.#commitDraft(
      draft,
      proposalMessage(stack, draft.path, { placed, unplaced }),
      by,
    );
    return { ...result, unplaced };
  }

  #requireStack(name: string): string {
    const file = this.#context.desired.get(name)?.file;
    if (file === undefined) throw new ReconcilerError('UNKNOWN_STACK', `there is no stack ${name}`);
    return file;
  }

  #commitDraft(draft: Draft, message: string, by: WriteBy): Promise<WriteResult> {
    return this.#commitDrafts([draft], message, by);
  }

  #commitDrafts(drafts: readonly Draft[], message: string, by: WriteBy): Promise<WriteResult> {
    const diagnostics = drafts.flatMap((draft) => draft.diagnostics).sort(compareDiagnostics);
    if (hasErrors(diagnostics)) {
      const text = diagnostics.map(formatDiagnostic).join('\n');
      throw new ReconcilerError(
        'INVALID_CONFIGURATION',
        `not written, because it would not be valid:\n${text}`,
        { diagnostics },
      );
    }
    const writes = drafts.map(({ path, text }) => ({ path, content: text }));
    const base = drafts.find((draft) => draft.base !== undefined)?.base;
    const onTop = base === undefined ? by : { ...by, base };
    return this.#commit(writes, drafts[0]?.path ?? '', message, onTop);
  }

  /** The commit that a write was decided on. A branch that describes nothing, or has no commit yet, leaves nothing to overlook. */
  async #expectedHead(signal: AbortSignal): Promise<string | null> {
    const { source, desired } = this.#context;
    const error = this.#repositoryError();
    if (desired.revision !== null && error?.code !== 'EMPTY_REPOSITORY') return desired.revision.commit;
    try {
      return (await source.resolve(signal)).commit;
    } catch (failure) {
      if (isReconcilerError(failure, 'BRANCH_NOT_FOUND') && desired.revision === null) return null;
      throw failure;
    }
  }

  async #commit(
    writes: readonly FileWrite[],
    file: string,
    message: string,
    by: WriteBy & { readonly base?: string },
  ): Promise<WriteResult> {
    const { source } = this.#context;
    const expectedHead = by.base ?? (await this.#expectedHead(by.signal));
    const commit = await source.commit({ writes, message, author: by.actor, expectedHead }, by.signal);
    return { commit, file };
  }
}
