import { compareText } from '../../../base/values.ts';
import type { Inspected } from '../../../model/docker/rebuild/inspected.ts';
import type { RebuiltProject } from '../../../model/docker/rebuild/rebuild-project.ts';
import { rebuildComposeProject } from '../../../model/docker/rebuild/rebuild-project.ts';
import type { Engine } from '../engine/engine.ts';
import { COMPOSE } from '../labels.ts';

/** Writes a Compose file for a project out of what the engine says of its containers, images, networks and volumes. */
export async function describeProject(
  engine: Engine,
  project: string,
  signal: AbortSignal,
): Promise<RebuiltProject> {
  const listed = await engine.containersOfProject(project, signal);
  const lasting = listed.filter(({ Labels }) => Labels[`${COMPOSE}.oneoff`] !== 'True');
  const containers = await each(lasting, ({ Id }) => engine.inspectContainer(Id, signal));
  const [images, networks, volumes, info] = await Promise.all([
    each(
      namesIn(containers.map(({ Image }) => Image)),
      async (id) => [id, await engine.inspectImage(id, signal)] as const,
    ),
    each(
      namesIn(containers.flatMap(({ NetworkSettings }) => Object.keys(NetworkSettings.Networks))),
      (name) => engine.inspectNetwork(name, signal),
    ),
    each(
      namesIn(
        containers.flatMap(({ Mounts }) =>
          Mounts.flatMap(({ Type, Name }) => (Type === 'volume' && Name !== undefined ? [Name] : [])),
        ),
      ),
      (name) => engine.inspectVolume(name, signal),
    ),
    engine.info(signal),
  ]);
  const known = images.flatMap(([id, image]) => (image === null ? [] : [[id, image] as const]));
  const { document, remarks } = rebuildComposeProject({
    name: project,
    containers: containers.map(plain),
    images: new Map(known.map(([id, image]) => [id, plain(image)])),
    networks: networks.map(plain),
    volumes: volumes.map(plain),
    ...(typeof info.Name === 'string' ? { machine: info.Name } : {}),
    cgroupVersion: Number(info.CgroupVersion ?? 1) || 1,
  });
  const here = known
    .filter(([, image]) => (image.RepoDigests ?? []).length === 0)
    .map(([id]) => containers.find(({ Image }) => Image === id)?.Config.Image ?? id)
    .map((name) => `${name} was built on this host, or loaded: no registry is known to have it`);
  return { document, remarks: [...remarks, ...here.toSorted(compareText)] };
}

/** Answers, without those of what is gone meanwhile. */
async function each<T, R>(list: readonly T[], ask: (item: T) => Promise<R | null>): Promise<readonly R[]> {
  return (await Promise.all(list.map(ask))).filter((found) => found !== null);
}

function namesIn(names: readonly string[]): readonly string[] {
  return [...new Set(names)].sort();
}

function plain(answer: object): Inspected {
  return { ...answer };
}
