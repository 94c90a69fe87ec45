import { hasErrors } from '../../base/diagnostic.ts';
import { errorMessage, ReconcilerError } from '../../base/errors.ts';
import { canonicalJson, sha256 } from '../../base/json.ts';
import { formatRefFolder } from '../../model/git/source-root.ts';
import type { ResourceId } from '../../model/resource.ts';
import type { StackPolicy } from '../../model/stack.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Draft } from '../../ports/desired.ts';
import type { RunContext } from '../context.ts';
import type { DriftEdit } from './drift-edit.ts';
import { editForDrift } from './drift-edit.ts';
import type { PlannedStack } from '../observe/plan-stack.ts';

/** The committer of everything that nobody asked for. */
export const AUTHOR = { name: 'Kombinator', email: 'kombinator@localhost' } as const;

export interface DriftDraft extends DriftEdit {
  readonly draft: Draft;
}

/**
 * The stack's file as it would have to be for what runs.
 *
 * @param only resources to look at; all that have drifted when left out
 */
export function draftDrift(
  { desired: state }: RunContext,
  { plan, desired }: PlannedStack,
  only?: ReadonlySet<ResourceId>,
): DriftDraft {
  const changes = plan.changes.filter(({ id }) => only === undefined || only.has(id));
  for (const turnOff of [true, false]) {
    let edit: DriftEdit | undefined;
    const draft = state.rewriteStack(plan.stack, (text) => {
      edit = editForDrift({ text, changes, desired, turnOff });
      return edit.text;
    });
    if (edit !== undefined && !hasErrors(draft.diagnostics)) return { ...edit, draft };
  }
  const labels = changes.filter(({ action }) => action !== 'no-op').map(({ id, cause }) => `${id} ${cause}`);
  const draft = state.rewriteStack(plan.stack, (text) => text);
  return { text: draft.text, placed: [], unplaced: labels, draft };
}

/** Commits what runs as the description on a branch of its own, for people to merge or to ignore. */
export class DriftProposals {
  readonly #context: RunContext;
  /** The last proposal for each stack, and what became of it: the repository need not be asked about the same again. */
  readonly #told = new Map<string, { readonly key: string; readonly sentence: string }>();

  constructor(context: RunContext) {
    this.#context = context;
  }

  /** Says what became of the proposal of what has drifted; `null` where none was made. */
  told({ stack }: Plan, { drift }: StackPolicy): string | null {
    return drift === 'propose' ? (this.#told.get(stack)?.sentence ?? null) : null;
  }

  /** Proposes where the policy says so. What cannot be proposed is still reported. */
  async report(planned: PlannedStack, signal: AbortSignal): Promise<void> {
    const { logger } = this.#context;
    const { plan, description } = planned;
    if (description.policy.drift !== 'propose') return;
    try {
      await this.#propose(planned, signal);
    } catch (error) {
      signal.throwIfAborted();
      const sentence = `it could not be proposed: ${errorMessage(error)}`;
      logger.warn({ stack: plan.stack, error: errorMessage(error) }, 'the drift could not be proposed');
      this.#told.set(plan.stack, { key: '', sentence });
    }
  }

  async #propose(planned: PlannedStack, signal: AbortSignal): Promise<void> {
    const { source, desired, logger } = this.#context;
    const { stack } = planned.plan;
    const base = desired.revision?.commit;
    const drift = draftDrift(this.#context, planned);
    const key = sha256(canonicalJson([drift.text, [...drift.placed], [...drift.unplaced]]));
    const known = this.#told.get(stack);
    if (known?.key === key) return;
    const branch = `drift/${formatRefFolder(source.root)}${stack}`;
    let sentence = 'nothing of it has a place in the file, so there is nothing to propose';
    if (drift.placed.length > 0 && base !== undefined) {
      if (source.branch === branch)
        throw new ReconcilerError('WRITE_CONFLICT', `${branch} is the branch that is read`);
      const { path, text } = drift.draft;
      const message = proposalMessage(stack, path, drift);
      const request = { branch, base, writes: [{ path, content: text }], message, author: AUTHOR };
      const { commit, isNew } = await source.propose(request, signal);
      sentence = `what runs is proposed on the branch ${branch}`;
      if (isNew) logger.info({ stack, branch, commit }, 'drift is proposed as the description');
    }
    this.#told.set(stack, { key, sentence });
  }
}

/** Says nothing of when or of which revision: the same drift has the same message. */
export function proposalMessage(
  stack: string,
  path: string,
  { placed, unplaced }: Pick<DriftEdit, 'placed' | 'unplaced'>,
): string {
  const list = (items: readonly string[]) => items.map((item) => `  ${item}`);
  const lines = [
    `Describe ${stack} as it runs`,
    '',
    'What runs was changed, and differs from what is described. Merge this to keep it.',
    '',
    `Written into ${path}:`,
    ...list(placed),
  ];
  if (unplaced.length > 0) lines.push('', 'Without a place in the file, so not written:', ...list(unplaced));
  return lines.join('\n');
}
