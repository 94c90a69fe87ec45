import { formatDiagnostic, hasErrors } from '../../base/diagnostic.ts';
import { ReconcilerError } from '../../base/errors.ts';
import { asList, own } from '../../base/values.ts';
import { suggestPolicy } from '../../config/fleet/suggest-policy.ts';
import { isStackName, stackNameOf } from '../../config/kombination/stack-name.ts';
import { buildPlan } from '../../plan/build-plan.ts';
import type { Plan } from '../../plan/plan.ts';
import type { AdoptionDraft, Sealer } from '../../ports/adopt/adoption-draft.ts';
import type { FindsProjects } from '../../ports/adopt/compose-projects.ts';
import type { DesiredState } from '../../ports/desired.ts';
import type { FileWrite } from '../../ports/source.ts';
import { requireCapability } from '../../ports/target-capabilities.ts';
import type { AdoptionPreview, AdoptRequest } from '../../public/adopt/adoptions.ts';
import type { RunContext } from '../context.ts';
import { observeStack } from '../observe/observe-stack.ts';
import type { FoundProject } from './projects.ts';
import { findProject } from './projects.ts';

export interface Drafted {
  readonly stack: string;
  readonly found: FoundProject;
  readonly draft: AdoptionDraft;
}

/** Puts together what describes a project. Throws as `AdoptionOperations.previewAdoption` does. */
export async function draftProject(
  context: RunContext,
  seal: Sealer | undefined,
  request: AdoptRequest,
  signal: AbortSignal,
): Promise<Drafted> {
  const found = await findProject(context, request, signal);
  const { view, reference } = found;
  const stack = request.stack ?? stackNameOf(view.name);
  if (view.adoptedBy !== null)
    throw new ReconcilerError('STACK_EXISTS', `${view.name} is the stack ${view.adoptedBy} already`);
  if (!isStackName(stack))
    throw new ReconcilerError(
      'BAD_OPTIONS',
      `"${stack}" is no name for a stack: lower-case letters, digits and hyphens`,
    );
  const again = await takeBack(context, stack);
  if (again === null && context.desired.names().includes(stack))
    throw new ReconcilerError('STACK_EXISTS', `there is a stack ${stack} already: choose another name`);
  const before =
    again === null ? null : await describedBefore(context, { stack, again, project: view.name }, signal);
  if (before !== null) return { stack, found, draft: before };
  const ask = <T>(work: (target: FindsProjects) => Promise<T>): Promise<T> =>
    context.pool.ask(reference, (target) => work(requireCapability(target, 'findsProjects')));
  const draft = await context.desired.draftAdoption({
    project: view,
    stack,
    node: view.node,
    read: (path, limits) => ask((target) => target.readHostPath(view.name, path, limits, signal)),
    describe: () => ask((target) => target.describeProject(view.name, signal)),
    ...(seal === undefined ? {} : { seal }),
  });
  return { stack, found, draft: { ...draft, writes: [...draft.writes, ...(again === null ? [] : [again])] } };
}

/** The settings without a stack among those given back; `null`: it is none of them. */
async function takeBack({ desired }: RunContext, stack: string): Promise<FileWrite | null> {
  if (!desired.settings().released.includes(stack)) return null;
  const { path, text } = await desired.draftSettings((settings) => {
    const rest = (asList(own(settings, 'released')) ?? []).filter((name) => name !== stack);
    return { released: rest.length === 0 ? null : rest };
  });
  return { path, content: text };
}

/** The description that a stack had when it was given back, if it is still there: then nothing else has to be written. */
async function describedBefore(
  { desired }: RunContext,
  { stack, again, project }: { readonly stack: string; readonly again: FileWrite; readonly project: string },
  signal: AbortSignal,
): Promise<AdoptionDraft | null> {
  const state = await desired.preview([again], signal, { everything: true });
  if (state.get(stack)?.adopts?.project !== project) return null;
  const message = `takes ${stack} out of released: it is described in the repository as it was when it was given back`;
  return { file: again.path, writes: [again], notes: [{ kind: 'content', path: again.path, message }] };
}

export async function previewDraft(
  context: RunContext,
  { stack, found, draft }: Drafted,
  signal: AbortSignal,
): Promise<AdoptionPreview> {
  const allowed = await context.desired.preview(draft.writes, signal, { everything: true });
  await allowed.refresh(stack, signal);
  const diagnostics = allowed.get(stack)?.diagnostics ?? [];
  const asked = await context.desired.preview(draft.writes, signal);
  const { stacks: needs } = await asked.askedFor(signal);
  const own = needs.get(stack);
  const policy = suggestPolicy({
    stacks: own === undefined ? new Map() : new Map([[stack, own]]),
    connections: [],
    keyFiles: [],
    targets: [],
    registries: [],
  });
  return {
    stack,
    project: found.view,
    files: draft.writes.map(({ path }) => path).sort(),
    notes: draft.notes,
    plan: hasErrors(diagnostics) ? null : await planPreview(context, allowed, stack, signal),
    diagnostics,
    policy,
  };
}

/** The plan of a description that is not committed. Nothing of it is remembered. */
async function planPreview(
  context: RunContext,
  state: DesiredState,
  stack: string,
  signal: AbortSignal,
): Promise<Plan> {
  const description = state.get(stack);
  if (description === undefined) throw new ReconcilerError('UNKNOWN_STACK', `there is no stack ${stack}`);
  const { resources, targets, adopts, policy, dependsOn } = description;
  const used = new Set(resources.map(({ target }) => target));
  const observation = await observeStack(
    {
      stack,
      nodes: targets.filter(({ name }) => used.has(name)),
      others: [],
      desired: resources,
      complete: false,
      trial: true,
      ...(adopts === undefined ? {} : { adopts }),
    },
    context.pool,
    signal,
  );
  return buildPlan({
    stack,
    mode: 'apply',
    revision: null,
    desired: resources,
    observed: observation.resources,
    diagnostics: description.diagnostics,
    policy,
    deleteVolumes: false,
    engines: observation.engines,
    unreachable: observation.unreachable,
    waitsFor: dependsOn,
  });
}

/** Throws INVALID_CONFIGURATION with every finding that keeps a draft from being committed. */
export async function refuseInvalid(
  context: RunContext,
  { stack, draft }: Drafted,
  signal: AbortSignal,
): Promise<void> {
  const state = await context.desired.preview(draft.writes, signal);
  const diagnostics = (state.get(stack)?.diagnostics ?? []).filter(({ severity }) => severity === 'error');
  if (diagnostics.length === 0) return;
  const text = diagnostics.map(formatDiagnostic).join('\n');
  throw new ReconcilerError(
    'INVALID_CONFIGURATION',
    `not committed, because it would not be valid:\n${text}`,
    {
      diagnostics,
    },
  );
}
