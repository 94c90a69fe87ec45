import type { ContainerInspectInfo } from 'dockerode';
import { asFields, own } from '../../../base/values.ts';
import { compareHash } from '../../../model/resource.ts';
import type { DesiredResource } from '../../../model/resource.ts';
import { MASK, maskSpec, Secret } from '../../../model/secret.ts';
import type { Adapter } from '../adapter.ts';
import type { Owner } from '../labels.ts';
import { readOwner } from '../labels.ts';
import { isContainerSpec } from '../containers/specs.ts';
import { readFileInside } from './read-back.ts';

/**
 * Hidden values of a container that are not the described ones, as paths of its spec. They are looked for only where the hash in its labels cannot
 * tell, because another key has sealed it: the engine tells variables, and files are read back. A file that the container has written to
 * itself says nothing of what it was given.
 */
export async function findDiffering(
  adapter: Adapter,
  desired: DesiredResource,
  inspect: ContainerInspectInfo,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const owner = readOwner(inspect.Config.Labels);
  if (owner === null || !isContainerSpec(desired.spec)) return [];
  if (compareHash(desired, owner.hash) !== 'unknown') return [];
  const variables = differingVariables(desired, inspect, owner);
  const key = `${inspect.Id} ${desired.hash}`;
  const files = adapter.differing.get(key) ?? (await differingFiles(adapter, desired, inspect, signal));
  adapter.differing.set(key, files);
  return [...variables, ...files].sort();
}

function differingVariables(
  { spec }: DesiredResource,
  { Config }: ContainerInspectInfo,
  owner: Owner,
): readonly string[] {
  const masked = asFields(maskSpec(spec)['env']) ?? {};
  const created = asFields(owner.spec['env']) ?? {};
  const wanted = asFields(spec['env']) ?? {};
  const given = new Map((Config.Env ?? []).map(splitVariable));
  return Object.keys(masked).flatMap((name) => {
    if (own(masked, name) !== MASK || own(created, name) !== MASK) return [];
    const value = own(wanted, name);
    const text = value instanceof Secret ? value.reveal() : value;
    return given.get(name) === text ? [] : [`env.${name}`];
  });
}

async function differingFiles(
  { engine }: Adapter,
  { spec }: DesiredResource,
  { Id }: ContainerInspectInfo,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (!isContainerSpec(spec)) return [];
  const lists = { secrets: spec.secrets ?? [], files: spec.files ?? [] };
  const found: string[] = [];
  for (const [key, files] of Object.entries(lists)) {
    for (const [index, file] of files.entries()) {
      if (!('content' in file)) continue;
      const inside = await readFileInside(engine, Id, file.target, signal);
      if (inside === null || !inside.asGiven || inside.content.equals(file.content.revealBytes())) continue;
      found.push(`${key}[${index}].content`);
    }
  }
  return found;
}

/** `NAME=value` as name and value. */
export function splitVariable(entry: string): readonly [string, string] {
  const end = entry.indexOf('=');
  return [entry.slice(0, end), entry.slice(end + 1)];
}
