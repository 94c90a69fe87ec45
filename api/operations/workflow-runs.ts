import type { Actor, Job, JobDetail, StackView, Version } from '../../reconciler/index.ts';
import { asFields, asList, asString, own, ReconcilerError, showLine } from '../../reconciler/index.ts';
import type { ApiDeps } from './deps.ts';
import { editWorkflow } from './workflows.ts';
import { newSignal } from './write.ts';

export interface RunRequest {
  /** Default: what the file says. */
  readonly cluster?: string;
  readonly namespace?: string;
  /** Event that sets it off. Default `api`. */
  readonly trigger?: string;
  /** Values of secret nodes: by the id of the node, then by key. */
  readonly secrets?: Values;
  /** Values of variables of nodes that run something, likewise. */
  readonly variables?: Values;
}

type Values = Readonly<Record<string, Readonly<Record<string, string>>>>;

export interface Run {
  readonly job: Job;
  /** Version that it runs. */
  readonly version: Version;
}

/**
 * Applies a workflow as it is saved, and marks it as a version. Values are kept for good, of a run that is refused none. Names of variables that
 * its file does not have are written there. Throws BAD_OPTIONS for a workflow that is not published or a node that takes no such values,
 * INVALID_CONFIGURATION with what it lacks, WRITE_CONFLICT.
 */
export async function runWorkflow(
  deps: ApiDeps,
  view: StackView,
  { cluster, namespace, secrets = {}, variables = {}, trigger = 'api' }: RunRequest,
  actor: Actor,
): Promise<Run> {
  const { reconciler } = deps;
  const document = asFields(view.document) ?? {};
  if (document['status'] !== 'published')
    throw new ReconcilerError('BAD_OPTIONS', 'Workflow must be published to run');
  const given = new Map([...namedSecrets(view, secrets), ...namedVariables(view, variables)]);
  const keys = {
    ...(cluster === undefined || cluster === document['cluster'] ? {} : { cluster }),
    ...(namespace === undefined || namespace === document['namespace'] ? {} : { namespace }),
    ...declared(view, variables),
  };
  const takeBack = reconciler.giveSecrets(given);
  const begin = async (): Promise<Job> => {
    if (Object.keys(keys).length > 0) await editWorkflow(deps, view, keys, actor);
    refuseInvalid(reconciler.getStack(view.name));
    return reconciler.apply({ stack: view.name, actor, trigger }, newSignal());
  };
  const job = await begin().catch((error: unknown) => {
    takeBack();
    throw error;
  });
  return { job, version: await markRun(deps, job, actor) };
}

function markRun({ reconciler }: ApiDeps, { id, stack }: Job, actor: Actor): Promise<Version> {
  const description = `Snapshot for run at ${new Date().toISOString()}`;
  return reconciler.createVersion({ stack, actor, isAutomatic: true, jobId: id, description }, newSignal());
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

interface Node {
  readonly id: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

function nodesOf(view: StackView): readonly Node[] {
  return (asList(asFields(view.document)?.['nodes']) ?? []).map((item) => {
    const { id, type, data } = asFields(item) ?? {};
    return { id: asString(id) ?? '', type: asString(type) ?? '', data: asFields(data) ?? {} };
  });
}

/** Values that were really given: blank ones, and rows that an editor has only begun, are left out. */
function filled(values: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  return Object.entries(values).filter(([key, value]) => !key.startsWith('_new_') && value !== '');
}

/** Values by the name that the secret node looks them up under. */
function namedSecrets(view: StackView, secrets: Values): ReadonlyMap<string, string> {
  const nodes = nodesOf(view);
  const names = new Map<string, string>();
  for (const [id, values] of Object.entries(secrets)) {
    const node = nodes.find((one) => one.id === id);
    const secret = asString(node?.data['name']);
    if (node?.type !== 'secret' || secret === undefined)
      throw new ReconcilerError('BAD_OPTIONS', `${id} is no secret of this workflow, so it takes no values`);
    const keys = new Set((asList(node.data['keys']) ?? []).map((key) => asFields(key)?.['name']));
    for (const [key, value] of filled(values)) {
      if (!keys.has(key))
        throw new ReconcilerError('BAD_OPTIONS', `${id} has no key ${showLine(key)}, so it takes no value`);
      names.set(`${view.name}.${secret}.${key}`, value);
    }
  }
  return names;
}

const RUNS: ReadonlySet<string> = new Set(['deployment', 'statefulset', 'daemonset', 'job', 'cronjob']);
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_.-]{0,99}$/;

/** The same for variables. Throws BAD_OPTIONS for one that a linked object gives: two would say what it is. */
function namedVariables(view: StackView, variables: Values): ReadonlyMap<string, string> {
  const nodes = nodesOf(view);
  const names = new Map<string, string>();
  for (const [id, values] of Object.entries(variables)) {
    const given = filled(values);
    if (given.length === 0) continue;
    const node = nodes.find((one) => one.id === id);
    const name = asString(node?.data['name']);
    if (node === undefined || name === undefined || !RUNS.has(node.type))
      throw new ReconcilerError(
        'BAD_OPTIONS',
        `${id} runs nothing in this workflow, so it takes no variables`,
      );
    const linked = linkedKeys(view, id, nodes);
    for (const [key, value] of given) {
      if (!VARIABLE.test(key))
        throw new ReconcilerError('BAD_OPTIONS', `${id}: ${showLine(key)} is no name of a variable`);
      const source = linked.get(key);
      if (source !== undefined)
        throw new ReconcilerError(
          'BAD_OPTIONS',
          `the variable ${key} of ${id} comes from ${source}: change it there`,
        );
      names.set(`${view.name}.${name}.ENV.${key}`, value);
    }
  }
  return names;
}

/** Keys of configmaps and secrets that an edge links to a node, with the ids of these. */
function linkedKeys(view: StackView, id: string, nodes: readonly Node[]): ReadonlyMap<string, string> {
  const edges = (asList(asFields(view.document)?.['edges']) ?? []).map((edge) => asFields(edge) ?? {});
  const others = edges.flatMap(({ source, target }) =>
    source === id ? [target] : target === id ? [source] : [],
  );
  const keys = nodes.flatMap((node) => {
    if (!others.includes(node.id)) return [];
    if (node.type === 'configmap')
      return Object.keys(asFields(node.data['data']) ?? {}).map((key) => [key, node.id] as const);
    if (node.type !== 'secret') return [];
    return (asList(node.data['keys']) ?? []).map(
      (key) => [asString(asFields(key)?.['name']) ?? '', node.id] as const,
    );
  });
  return new Map(keys);
}

/** The nodes with the names of given variables in `envKeys` and not in `env`; nothing where they are there already. */
function declared({ document }: StackView, variables: Values): { readonly nodes?: readonly object[] } {
  let isChanged = false;
  const nodes = (asList(asFields(document)?.['nodes']) ?? []).map((item) => {
    const node = asFields(item) ?? {};
    const data = asFields(node['data']) ?? {};
    const names = filled(own(variables, asString(node['id']) ?? '') ?? {}).map(([key]) => key);
    const known = asList(data['envKeys']) ?? [];
    const env = asFields(data['env']) ?? {};
    const missing = names.filter((name) => !known.includes(name));
    const clear = Object.entries(env).filter(([name]) => !names.includes(name));
    if (missing.length === 0 && clear.length === Object.keys(env).length) return node;
    isChanged = true;
    const { env: _env, ...rest } = data;
    const kept = clear.length === 0 ? {} : { env: Object.fromEntries(clear) };
    return { ...node, data: { ...rest, ...kept, envKeys: [...known, ...missing] } };
  });
  return isChanged ? { nodes } : {};
}

/** Runs of a workflow, the newest first: every apply of it, whatever set it off. */
export function listRuns({ reconciler }: ApiDeps, stack: string, limit: number): readonly JobDetail[] {
  const { jobs } = reconciler.listJobs({ stack, type: 'apply', limit });
  return jobs.map(({ id }) => reconciler.getJob(id));
}
