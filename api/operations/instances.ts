import type {
  BatchDelete,
  CreateInstanceRequest,
  Instance,
  InstanceLogLine,
  Instances,
  InstanceStats,
} from '../../reconciler/index.ts';

/** The parts that the operations on instances work with. */
export interface InstanceDeps {
  readonly instances: Instances;
  /** Instances as they are written in lists, kept as long as nothing changes of them. */
  readonly texts: WeakMap<Instance, string>;
  /** Version of the program. */
  readonly version: string;
}

/** The part of them that most operations need. */
type InstanceParts = Pick<InstanceDeps, 'instances'>;

export interface InstancePage {
  readonly instances: readonly Instance[];
  readonly total: number;
}

/** Throws INVALID_POD_SPEC, INVALID_INPUT, CLUSTER_SATURATED, NO_NODE_PORT. */
export function createInstance(
  { instances }: InstanceDeps,
  request: CreateInstanceRequest,
): Promise<Instance> {
  return instances.create(request);
}

/** Lists instances by creation; without a page, all of them. */
export function listInstances(
  { instances }: InstanceParts,
  page: { readonly offset: number; readonly limit: number } | undefined,
): InstancePage {
  return { instances: instances.list(page), total: instances.stats().total };
}

/** Throws UNKNOWN_INSTANCE. */
export function getInstance({ instances }: InstanceParts, id: string): Instance {
  return instances.get(id);
}

/** The last lines of each container of an instance, oldest first. Throws UNKNOWN_INSTANCE. */
export async function readInstanceLogs(
  { instances }: InstanceParts,
  { id, lines }: { readonly id: string; readonly lines: number },
  signal: AbortSignal,
): Promise<readonly InstanceLogLine[]> {
  return instances.logs(id, lines, signal);
}

/** Throws UNKNOWN_INSTANCE. */
export function deleteInstance({ instances }: InstanceParts, id: string): Promise<void> {
  return instances.delete(id);
}

export function readInstanceStats({ instances }: InstanceDeps): InstanceStats {
  return instances.stats();
}

/** Each name once, without spaces around it; `null` for a list that names nothing, or nobody. */
export function readInstanceIds(given: readonly string[]): readonly string[] | null {
  const ids = given.map((id) => id.trim());
  return ids.length === 0 || ids.includes('') ? null : [...new Set(ids)];
}

export function deleteInstances({ instances }: InstanceDeps, ids: readonly string[]): BatchDelete {
  return instances.deleteBatch(ids);
}

/** Throws UNKNOWN_JOB. */
export function getBatchDelete({ instances }: InstanceDeps, id: string): BatchDelete {
  return instances.getBatchDelete(id);
}

/** The text of an instance, made once. */
export function textOf(
  { texts }: InstanceDeps,
  instance: Instance,
  write: (instance: Instance) => string,
): string {
  const known = texts.get(instance);
  if (known !== undefined) return known;
  const text = write(instance);
  texts.set(instance, text);
  return text;
}
