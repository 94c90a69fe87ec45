import { posix } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import type { FileSpec } from '../../../model/docker/docker-spec.ts';
import type { OwnedPlaces, Owner } from './owner.ts';
import { ReconcilerError } from '../../../base/errors.ts';
import type { ApplyContext } from '../../../ports/target.ts';
import type { Engine } from '../engine/engine.ts';

/** Files for one directory that exists in the container, and the directories that have to be made below it. */
interface Parcel {
  readonly directory: string;
  readonly files: FileSpec[];
}

interface FilesContext extends Pick<ApplyContext, 'readBlob' | 'signal'> {
  /** Places where files belong to somebody who is not root, unless they say whose they are. */
  readonly owned: OwnedPlaces | null;
}

/**
 * Copies files of the repository into a container that has not started. Content comes from blobs and secrets only. The engine
 * resolves links inside the container, so a path never leaves it.
 */
export async function putFiles(
  engine: Engine,
  container: string,
  files: readonly FileSpec[],
  context: FilesContext,
): Promise<void> {
  for (const { target } of files) checkTarget(target);
  for (const parcel of await buildParcels(engine, container, files, context.signal)) {
    const archive = await buildArchive(parcel, context);
    await engine.putArchive(container, parcel.directory, archive, context.signal);
  }
}

/** Throws INVALID_CONFIGURATION for a path that is not absolute, not plain, or no file. */
export function checkTarget(target: string): void {
  const plain = posix.isAbsolute(target) && posix.normalize(target) === target && !target.endsWith('/');
  if (!plain || target.includes('\0'))
    throw new ReconcilerError('INVALID_CONFIGURATION', `"${target}" is not an absolute path of a file`);
}

/** One archive per directory that exists: unpacking the others' parents there would replace links by directories. */
async function buildParcels(
  engine: Engine,
  container: string,
  files: readonly FileSpec[],
  signal: AbortSignal,
): Promise<Iterable<Parcel>> {
  const parcels = new Map<string, Parcel>();
  const existing = new Map<string, boolean>([['/', true]]);
  for (const file of [...files].sort((a, b) => (a.target < b.target ? -1 : 1))) {
    let directory = posix.dirname(file.target);
    while (!existing.get(directory)) {
      if (!existing.has(directory))
        existing.set(directory, await engine.hasPath(container, directory, signal));
      if (!existing.get(directory)) directory = posix.dirname(directory);
    }
    const parcel = parcels.get(directory) ?? { directory, files: [] };
    parcel.files.push(file);
    parcels.set(directory, parcel);
  }
  return parcels.values();
}

async function buildArchive(
  { directory, files }: Parcel,
  { readBlob, owned }: FilesContext,
): Promise<Buffer> {
  const archive = pack();
  const made = new Set<string>();
  for (const file of files) {
    const path = posix.relative(directory, file.target);
    for (const parent of parentsOf(path)) {
      if (made.has(parent)) continue;
      made.add(parent);
      const owner = ownerAt(posix.join(directory, parent), owned);
      archive.entry({ name: `${parent}/`, type: 'directory', mode: 0o755, ...owner, mtime: EPOCH });
    }
    const { mode, uid, gid = 0 } = file;
    const owner = uid === undefined ? ownerAt(file.target, owned) : { uid, gid };
    const content = 'content' in file ? file.content.revealBytes() : await readBlob(file.blob);
    archive.entry({ name: path, mode: mode & 0o7777, ...owner, mtime: EPOCH }, Buffer.from(content));
  }
  archive.finalize();
  return buffer(archive);
}

function ownerAt(path: string, owned: OwnedPlaces | null): Owner {
  return owned?.targets.some((target) => path.startsWith(`${target}/`)) ? owned.owner : { uid: 0, gid: 0 };
}

/** The same content has the same time in every container. */
const EPOCH = new Date(0);

/** `a/b/c` → `a`, `a/b` */
function parentsOf(path: string): readonly string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}
