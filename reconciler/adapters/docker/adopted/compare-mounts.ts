import { posix } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { ContainerInspectInfo } from 'dockerode';
import { extract } from 'tar-stream';
import { blobId } from '../../../base/blob-id.ts';
import type { ContainerSpec, MountSpec } from '../../../model/docker/docker-spec.ts';
import type { Engine } from '../engine/engine.ts';
import type { Difference } from './alike.ts';

type Mounted = ContainerInspectInfo['Mounts'][number];

/** Volumes, directories of the host and memory that a container has, held against what is described; content is compared apart. */
export function compareMounts(spec: ContainerSpec, inspect: ContainerInspectInfo): readonly Difference[] {
  const { mounts = [], volumesFrom = [] } = spec;
  const contents = new Set(contentTargets(spec));
  const live = new Map(inspect.Mounts.map((mount) => [mount.Destination, mount]));
  const isDescribed = mounts.every((mount) => isMounted(mount, live.get(mount.target), inspect));
  const wanted = new Set(mounts.map(({ target }) => target));
  const others = inspect.Mounts.filter(
    ({ Destination, Type, Name }) =>
      !wanted.has(Destination) &&
      // The image asks for a volume.
      !(Type === 'volume' && isAnonymous(Name)) &&
      // Content of the repository, which Compose mounts.
      ![...contents].some((target) => target === Destination || target.startsWith(`${Destination}/`)),
  );
  const isShared = volumesFrom.length > 0 || (inspect.HostConfig.VolumesFrom ?? []).length > 0;
  const sameShares = volumesFrom.length === (inspect.HostConfig.VolumesFrom ?? []).length;
  // Mounts that others share with it are none of its own.
  if (isDescribed && sameShares && (others.length === 0 || isShared)) return [];
  return [{ key: 'mounts', live: inspect.Mounts.map(textOf).sort() }];
}

function isMounted(
  mount: MountSpec,
  live: Mounted | undefined,
  { HostConfig }: ContainerInspectInfo,
): boolean {
  const isWritable = mount.readOnly !== true;
  switch (mount.type) {
    case 'tmpfs':
      return Object.hasOwn(HostConfig.Tmpfs ?? {}, mount.target) || live?.Type === 'tmpfs';
    case 'anonymous':
      // A directory of content is one that hides what the image has; Compose mounts it.
      return (live?.Type === 'volume' && isAnonymous(live.Name)) || live?.Type === 'bind';
    case 'volume':
      return live?.Type === 'volume' && live.Name === mount.source && live.RW === isWritable;
    case 'bind':
      return live?.Type === 'bind' && live.Source === mount.source && live.RW === isWritable;
    default:
      return mount satisfies never;
  }
}

function isAnonymous(name: string | undefined): boolean {
  return name !== undefined && /^[0-9a-f]{64}$/.test(name);
}

/** `/srv/films:/films:ro` */
function textOf({ Type, Name, Source, Destination, RW }: Mounted): string {
  return `${Type === 'volume' ? (Name ?? '') : Source}:${Destination}${RW ? '' : ':ro'}`;
}

function contentTargets({ files = [], secrets = [] }: ContainerSpec): readonly string[] {
  return [...files, ...secrets].map(({ target }) => target);
}

/** A mount with more content than this is data. */
const MAX_BYTES = 64 * 1024 ** 2;

/** Files of the repository and secrets, which Compose mounts from beside its file: they are as described when the bytes are. */
export async function compareContents(
  engine: Pick<Engine, 'getArchive'>,
  spec: ContainerSpec,
  inspect: ContainerInspectInfo,
  signal: AbortSignal,
): Promise<readonly Difference[]> {
  const { files = [], secrets = [] } = spec;
  if (files.length + secrets.length === 0) return [];
  const inside = new Map<string, Buffer>();
  const roots = new Set(contentTargets(spec).map((target) => rootOf(target, inspect)));
  for (const root of roots) {
    if (root === null) continue;
    const archive = await engine.getArchive(inspect.Id, root, signal);
    if (archive) for (const [path, content] of await readFiles(archive, root)) inside.set(path, content);
  }
  const isThere = (file: (typeof files)[number]): boolean => {
    const has = inside.get(file.target);
    if (has === undefined) return false;
    return 'content' in file ? has.equals(file.content.revealBytes()) : blobId(has) === file.blob;
  };
  return [
    ...(files.every(isThere)
      ? []
      : [{ key: 'files', live: files.filter(isThere).map(({ target }) => target) }]),
    ...(secrets.every(isThere)
      ? []
      : [{ key: 'secrets', live: secrets.filter(isThere).map(({ target }) => target) }]),
  ];
}

/** The directory of the host, or file, that a path of the container is in; `null`: it is in the container itself. */
function rootOf(target: string, { Mounts }: ContainerInspectInfo): string | null {
  const around = Mounts.map(({ Destination }) => Destination)
    .filter((place) => target === place || target.startsWith(`${place}/`))
    .sort((a, b) => b.length - a.length);
  return around[0] ?? null;
}

/** @returns files by their paths in the container; of what is too large only the beginning */
async function readFiles(archive: Readable, root: string): Promise<ReadonlyMap<string, Buffer>> {
  const entries = extract();
  archive.on('error', (error) => entries.destroy(error));
  archive.pipe(entries);
  const files = new Map<string, Buffer>();
  let bytes = 0;
  try {
    for await (const entry of entries) {
      const { name, type, size } = entry.header;
      bytes += size;
      if (bytes > MAX_BYTES) break;
      if (type === 'file') files.set(posix.join(posix.dirname(root), name), await buffer(entry));
      else entry.resume();
    }
    return files;
  } finally {
    archive.destroy();
  }
}
