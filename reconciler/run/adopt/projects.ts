import { errorMessage, ReconcilerError } from '../../base/errors.ts';
import type { TargetReference } from '../../model/target.ts';
import { targetKey } from '../../model/target.ts';
import { requireCapability } from '../../ports/target-capabilities.ts';
import type { AdoptRequest, ProjectList, ProjectView } from '../../public/adopt/adoptions.ts';
import type { RunContext } from '../context.ts';

/** An engine that projects may run on. */
export interface Engine {
  /** `null`: the one of this machine. */
  readonly node: string | null;
  readonly reference: TargetReference;
}

const HERE: Engine = {
  node: null,
  reference: { name: 'local', kind: 'docker', connection: { type: 'local' } },
};

/** The engine of this machine and those of the shared nodes, each once. */
export function listEngines({ desired }: Pick<RunContext, 'desired'>): readonly Engine[] {
  const engines = new Map<string, Engine>([[targetKey(HERE.reference), HERE]]);
  for (const { name, reference } of desired.nodes()) {
    const key = targetKey(reference);
    if (reference.kind === 'docker' && !engines.has(key)) engines.set(key, { node: name, reference });
  }
  return [...engines.values()];
}

export async function listProjects(context: RunContext, signal: AbortSignal): Promise<ProjectList> {
  const adopters = new Map(
    context.desired.names().flatMap((name) => {
      const project = context.desired.get(name)?.adopts?.project;
      return project === undefined ? [] : [[project, name] as const];
    }),
  );
  const given = new Set(context.desired.settings().released);
  const unreachable: { node: string | null; message: string }[] = [];
  const found = await Promise.all(
    listEngines(context).map(async ({ node, reference }): Promise<readonly ProjectView[]> => {
      try {
        const projects = await context.pool.ask(reference, (target) =>
          requireCapability(target, 'findsProjects').composeProjects(signal),
        );
        return projects.map((one) => ({
          ...one,
          node,
          adoptedBy: (given.has(one.stack ?? '') ? null : one.stack) ?? adopters.get(one.name) ?? null,
        }));
      } catch (error) {
        signal.throwIfAborted();
        unreachable.push({ node, message: errorMessage(error) });
        return [];
      }
    }),
  );
  return { projects: found.flat(), unreachable };
}

export interface FoundProject {
  readonly view: ProjectView;
  readonly reference: TargetReference;
}

/** Finds the project that is meant. Throws UNKNOWN_PROJECT, BAD_OPTIONS when several nodes have one of the name. */
export async function findProject(
  context: RunContext,
  { project, node }: AdoptRequest,
  signal: AbortSignal,
): Promise<FoundProject> {
  const { projects, unreachable } = await listProjects(context, signal);
  const found = projects.filter((one) => one.name === project && (node === undefined || one.node === node));
  const [view, second] = found;
  if (view === undefined) {
    const away = unreachable.map((one) => `${one.node ?? 'this machine'} (${one.message})`);
    const known = projects.map(({ name }) => name).join(', ') || 'none';
    const hint = away.length > 0 ? `; not asked could be: ${away.join(', ')}` : '';
    throw new ReconcilerError(
      'UNKNOWN_PROJECT',
      `there is no Compose project ${project}; there are: ${known}${hint}`,
    );
  }
  if (second !== undefined)
    throw new ReconcilerError(
      'BAD_OPTIONS',
      `several nodes have a Compose project ${project}: say which, ${found.map((one) => one.node ?? 'this machine').join(' or ')}`,
    );
  const engine = listEngines(context).find((one) => one.node === view.node) ?? HERE;
  return { view, reference: engine.reference };
}
