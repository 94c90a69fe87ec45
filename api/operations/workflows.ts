import { createHash } from 'node:crypto';
import type { Actor, StackView, WorkflowListing } from '../../reconciler/index.ts';
import { asFields, asString, idOf, newId, ReconcilerError } from '../../reconciler/index.ts';
import type { ApiDeps } from './deps.ts';
import { editStack } from './stacks.ts';
import { newSignal, readAgain } from './write.ts';

/** A new workflow; members that are left out are blank. */
export interface NewWorkflow {
  /** Name for people. The stack is called like it, in letters that a stack may have. */
  readonly title: string;
  readonly description?: string;
  readonly cluster?: string;
  readonly tags?: readonly string[];
  readonly nodes?: readonly object[];
  readonly edges?: readonly object[];
}

const MAX_NAME = 63;
/** Names that are tried for a title that others have, too. */
const MAX_TRIES = 1_000;

/** The id that stands in the file of a workflow, else one of its path: it stays when the workflow is given another title. */
export function workflowId({ document, file }: Pick<StackView, 'document' | 'file'>): string {
  return asString(asFields(document)?.['id']) ?? idOf('workflow', file);
}

/** Time at which an id of `newId` was made, ISO 8601; `null` for others. */
export function timeOfId(id: string, now: number): string | null {
  const ms = Number.parseInt(id.slice(0, 8), 16) * 1_000;
  // Ids that are made from a path name any time.
  return ms > Date.UTC(2026, 0, 1) && ms <= now ? new Date(ms).toISOString() : null;
}

/** A workflow as lists show it. */
export type ListedWorkflow = Omit<WorkflowListing, 'id'> & { readonly id: string };

/** Every workflow without its graph, sorted by name. */
export function listWorkflows({ reconciler }: ApiDeps): readonly ListedWorkflow[] {
  return reconciler
    .listWorkflows()
    .map((workflow) => ({ ...workflow, id: workflow.id ?? idOf('workflow', workflow.file) }));
}

/** Commits the file of a new workflow, a draft. Throws INVALID_CONFIGURATION, WRITE_CONFLICT. */
export async function createWorkflow(
  deps: ApiDeps,
  { title, description, cluster, tags = [], nodes = [], edges = [] }: NewWorkflow,
  actor: Actor,
): Promise<StackView> {
  const name = freeName(deps, title);
  const document = {
    name,
    id: newId(Date.now()),
    ...(title === name ? {} : { title }),
    ...(description === undefined || description === '' ? {} : { description }),
    ...(cluster === undefined || cluster === '' ? {} : { cluster }),
    status: 'draft',
    ...(tags.length === 0 ? {} : { tags }),
    nodes,
    edges,
  };
  await deps.reconciler.createWorkflow(name, document, actor, newSignal());
  deps.reconciler.forgetSecrets(name);
  await readAgain(deps);
  return deps.reconciler.getStack(name);
}

/** Commits what differs in the file of a workflow; `null` takes a key out. */
export async function editWorkflow(
  deps: ApiDeps,
  view: StackView,
  keys: Readonly<Record<string, unknown>>,
  actor: Actor,
): Promise<StackView> {
  return editWorkflowOf(deps, view, { keys }, actor);
}

/** The same; throws WRITE_CONFLICT where its file is not the one of this mark any more. */
export async function editWorkflowOf(
  deps: ApiDeps,
  { name, document }: StackView,
  { keys, mark }: { readonly keys: Readonly<Record<string, unknown>>; readonly mark?: string | undefined },
  actor: Actor,
): Promise<StackView> {
  const { title, ...rest } = keys;
  const named = title === undefined ? {} : { title: title === asFields(document)?.['name'] ? null : title };
  const isBase = (now: unknown): boolean => mark === undefined || markOf(now) === mark;
  const { stack } = await editStack(deps, name, { keys: { ...rest, ...named }, isBase }, actor);
  return stack ?? deps.reconciler.getStack(name);
}

/** Mark of what the file of a workflow says: another one after each change to it. */
export function markOf(document: unknown): string {
  return createHash('sha256').update(JSON.stringify(document)).digest('hex').slice(0, 24);
}

/** A name for the stack that no other has. */
function freeName({ reconciler }: ApiDeps, title: string): string {
  const plain = title
    .replaceAll('ß', 'ss')
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, MAX_NAME - 5)
    .replaceAll(/^-+|-+$/g, '');
  const base = plain === '' ? 'workflow' : plain;
  const taken = new Set(reconciler.stackNames());
  for (let at = 1; at <= MAX_TRIES; at += 1) {
    const name = at === 1 ? base : `${base}-${at}`;
    if (!taken.has(name)) return name;
  }
  throw new ReconcilerError(
    'STACK_EXISTS',
    `there are too many workflows called ${base}: choose another name`,
  );
}
