import { own } from '../../base/values.ts';
import type { Analysis } from '../../config/kombination/analyze.ts';
import { projectOf } from '../../config/kombination/kombination.ts';
import type { DesiredResource } from '../../model/resource.ts';
import type { TargetReference } from '../../model/target.ts';
import { targetKey } from '../../model/target.ts';
import { engineName, networksOf } from '../../render/names.ts';
import type { SharedObjects, SharedUse } from './implied-order.ts';

/** Names what stands on an engine: `network unix:/var/run/docker.sock proxy`. */
export function sharedKey(kind: string, target: string, name: string): string {
  return `${kind} ${target} ${name}`;
}

/** Networks and volumes that a stack makes on engines, and those that it says are external. */
export function sharedObjects(analysis: Analysis): SharedObjects {
  const used = usedObjects(analysis);
  const makes = new Set(used.flatMap(({ key, external }) => (external ? [] : [key])));
  const uses = new Map<string, SharedUse>();
  for (const { key, path, external } of used) if (external && !makes.has(key)) uses.set(key, { key, path });
  return {
    ...(makes.size === 0 ? {} : { makes: [...makes] }),
    ...(uses.size === 0 ? {} : { uses: [...uses.values()] }),
  };
}

interface Used extends SharedUse {
  readonly external: boolean;
}

function usedObjects({ kombination, targets }: Analysis): readonly Used[] {
  const engines = new Map(
    targets.flatMap((target) => (target.kind === 'docker' ? [[target.name, targetKey(target)]] : [])),
  );
  const project = projectOf(kombination);
  return kombination.services.flatMap((service) => {
    const engine = engines.get(service.node);
    if (engine === undefined) return [];
    const networks = networksOf(service).map((entry) => ({
      ...entry,
      kind: 'network',
      model: own(kombination.networks, entry.name),
    }));
    const volumes = service.mounts.flatMap(({ mount, path }) => {
      if (mount.type !== 'volume') return [];
      const { source: name } = mount;
      return [{ name, path, kind: 'volume', model: own(kombination.volumes, name) }];
    });
    return [...networks, ...volumes].map(({ kind, name, path, model }) => ({
      key: sharedKey(kind, engine, engineName(project, name, model)),
      path: model?.path ?? path,
      external: model?.external === true,
    }));
  });
}

/** Resources with the stacks that make them, where those are external and made by stacks of the repository. */
export function withMakers(
  resources: readonly DesiredResource[],
  makerOf: (key: string) => string | undefined,
  targets: readonly TargetReference[],
): readonly DesiredResource[] {
  return resources.map((resource) => {
    const { kind, spec } = resource;
    if (spec['external'] !== true || typeof spec['name'] !== 'string') return resource;
    const target = targets.find(({ name }) => name === resource.target);
    const maker = target && makerOf(sharedKey(kind, targetKey(target), spec['name']));
    return maker === undefined ? resource : { ...resource, maker };
  });
}
