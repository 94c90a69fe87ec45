import { statfs } from 'node:fs/promises';
import type { TargetFacts } from '../../ports/target-capabilities.ts';
import type { OwnedStack } from '../../ports/target.ts';
import type { Adapter } from './adapter.ts';
import { ownerOfImage } from './images/built-images.ts';
import type { Owner } from './labels.ts';
import { readOwner } from './labels.ts';
import { toLabelled } from './networks-and-volumes/claimed.ts';

export async function readFacts({ engine }: Adapter, signal: AbortSignal): Promise<TargetFacts> {
  const [info, version] = await Promise.all([engine.info(signal), engine.version(signal)]);
  return {
    hostname: info.Name,
    os: info.OperatingSystem,
    arch: info.Architecture,
    engineVersion: info.ServerVersion,
    apiVersion: version.ApiVersion,
    cpuCores: info.NCPU,
    memoryBytes: info.MemTotal,
    diskBytes: engine.local ? await diskSize(info.DockerRootDir) : null,
  };
}

/** Every stack that has resources on the engine, by name. */
export async function readOwned({ engine }: Adapter, signal: AbortSignal): Promise<readonly OwnedStack[]> {
  const [containers, networks, volumes, images] = await Promise.all([
    engine.listContainers(null, signal),
    engine.listNetworks(null, signal),
    engine.listVolumes(null, signal),
    engine.listImages(null, signal),
  ]);
  const byStack = new Map<string, Owner[]>();
  const labelled = [...containers, ...networks, ...volumes].map(({ Labels }) => readOwner(Labels));
  for (const owner of [...labelled, ...images.map(ownerOfImage)]) {
    if (owner) byStack.set(owner.stack, [...(byStack.get(owner.stack) ?? []), owner]);
  }
  const named = Map.groupBy(
    [
      ...networks.map((one) => toLabelled('network', one)),
      ...volumes.map((one) => toLabelled('volume', one)),
    ].filter((object) => object !== null),
    ({ stack }) => stack,
  );
  return [...byStack.keys()].sort().map((stack) => {
    const owners = byStack.get(stack) ?? [];
    return {
      stack,
      revisions: distinct(owners.map(({ revision }) => revision)),
      branches: distinct(owners.map(({ branch }) => branch)),
      resources: new Set(owners.map(({ id }) => id)).size,
      ...(named.get(stack)?.length === owners.length ? { only: named.get(stack) ?? [] } : {}),
    };
  });
}

function distinct(values: readonly (string | null)[]): string[] {
  return [...new Set(values.filter((value) => value !== null))].sort();
}

/** A socket may be shared with a container whose file systems are not the engine's. */
async function diskSize(path: string): Promise<number | null> {
  try {
    const { blocks, bsize } = await statfs(path);
    return blocks * bsize;
  } catch (error) {
    if (error instanceof Error && 'code' in error) return null;
    throw error;
  }
}
