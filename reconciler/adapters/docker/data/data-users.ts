import type { ContainerInfo } from 'dockerode';
import type { DataMount, DataUser } from '../../../ports/backups/moves-data.ts';
import type { Engine } from '../engine/engine.ts';
import { readOwner } from '../labels.ts';

/** Volumes that bear no name of anybody's go with their container. */
const ANONYMOUS = /^[0-9a-f]{64}$/;

/** Containers that keep data in volumes or directories, by name. */
export async function readDataUsers(
  engine: Pick<Engine, 'listAllContainers'>,
  signal: AbortSignal,
): Promise<readonly DataUser[]> {
  const containers = await engine.listAllContainers(signal);
  const users = containers.map((info): DataUser => {
    const owner = readOwner(info.Labels);
    return {
      name: info.Names[0]?.replace(/^\//, '') ?? info.Id,
      owner: owner === null ? null : { stack: owner.stack, id: owner.id },
      running: info.State === 'running' || info.State === 'restarting' || info.State === 'paused',
      mounts: info.Mounts.flatMap((mount) => toDataMount(mount)),
    };
  });
  return users
    .filter(({ mounts }) => mounts.length > 0)
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function toDataMount({
  Type,
  Name,
  Source,
  Destination,
  RW,
}: ContainerInfo['Mounts'][number]): readonly DataMount[] {
  const place = { target: Destination, readOnly: !RW };
  if (Type === 'volume' && Name !== undefined && !ANONYMOUS.test(Name))
    return [{ kind: 'volume', source: Name, ...place }];
  return Type === 'bind' && Source !== '' ? [{ kind: 'directory', source: Source, ...place }] : [];
}
