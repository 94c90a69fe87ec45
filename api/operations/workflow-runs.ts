import type { Actor, Job, JobDetail, StackView, Version } from '../../reconciler/index.ts';
import { asFields, asList, asString, ReconcilerError } from '../../reconciler/index.ts';
import type { ApiDeps } from './deps.ts';
import { editWorkflow } from './workflows.ts';
import { newSignal } from './write.ts';

export interface RunRequest {
  /** Default: what the file says. */
  readonly cluster?: string;
  readonly namespace?: string;
  /** Values of secret nodes: by the id of the node, then by key. */
  readonly secrets?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface Run {
  readonly job: Job;
  /** Version that it runs. */
  readonly version: Version;
}

/**
 * Applies a workflow as it is saved, and marks it as a version. Values of secrets are kept for good. Throws BAD_OPTIONS for a workflow that is not
 * published or a node that is no secret, INVALID_CONFIGURATION with what it lacks, WRITE_CONFLICT.
 */
export async function runWorkflow(
  deps: ApiDeps,
  view: StackView,
  { cluster, namespace, secrets = {} }: RunRequest,
  actor: Actor,
): Promise<Run> {
  const { reconciler } = deps;
  const document = asFields(view.document) ?? {};
  if (document['status'] !== 'published')
    throw new ReconcilerError('BAD_OPTIONS', 'Workflow must be published to run');
  reconciler.giveSecrets(namedSecrets(view, secrets));
  const keys = {
    ...(cluster === undefined || cluster === document['cluster'] ? {} : { cluster }),
    ...(namespace === undefined || namespace === document['namespace'] ? {} : { namespace }),
  };
  if (Object.keys(keys).length > 0) await editWorkflow(deps, view, keys, actor);
  refuseInvalid(reconciler.getStack(view.name));
  const job = await reconciler.apply({ stack: view.name, actor, trigger: 'api' }, newSignal());
  const asked = {
    stack: view.name,
    actor,
    isAutomatic: true,
    jobId: job.id,
    description: `Snapshot for run at ${new Date().toISOString()}`,
  };
  return { job, version: await reconciler.createVersion(asked, newSignal()) };
}

function refuseInvalid({ name, diagnostics }: StackView): void {
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return;
  const [first] = errors;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  throw new ReconcilerError('INVALID_CONFIGURATION', `${name}: ${first?.message ?? ''}${more}`, {
    diagnostics: errors,
  });
}

/** Values by the name that the secret node looks them up under. Blank ones, and rows that an editor has only begun, are left out. */
function namedSecrets(
  view: StackView,
  secrets: NonNullable<RunRequest['secrets']>,
): ReadonlyMap<string, string> {
  const nodes = asList(asFields(view.document)?.['nodes']) ?? [];
  const names = new Map<string, string>();
  for (const [id, values] of Object.entries(secrets)) {
    const node = nodes.map((one) => asFields(one)).find((one) => one?.['id'] === id);
    const secret = asString(asFields(node?.['data'])?.['name']);
    if (node?.['type'] !== 'secret' || secret === undefined)
      throw new ReconcilerError('BAD_OPTIONS', `${id} is no secret of this workflow, so it takes no values`);
    for (const [key, value] of Object.entries(values)) {
      if (!key.startsWith('_new_') && value !== '') names.set(`${view.name}.${secret}.${key}`, value);
    }
  }
  return names;
}

/** Runs of a workflow, the newest first: every apply of it, whatever set it off. */
export function listRuns({ reconciler }: ApiDeps, stack: string, limit: number): readonly JobDetail[] {
  const { jobs } = reconciler.listJobs({ stack, type: 'apply', limit });
  return jobs.map(({ id }) => reconciler.getJob(id));
}
