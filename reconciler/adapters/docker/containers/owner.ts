import { posix } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import type { Header } from 'tar-stream';
import { extract, pack } from 'tar-stream';
import type { ContainerSpec } from '../../../model/docker/docker-spec.ts';
import type { Engine } from '../engine/engine.ts';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Volumes whose files belong to somebody who is not root. */
export interface OwnedPlaces {
  readonly owner: Owner;
  readonly targets: readonly string[];
}

/**
 * Gives root's volumes that ask for it, and directories of the host that are root's and empty, to the user of a container that has not started.
 * Resolves to who it is and where; null when no mount asks, or when the container does not know the user.
 */
export async function giveVolumes(
  engine: Engine,
  id: string,
  { user, mounts = [] }: ContainerSpec,
  signal: AbortSignal,
): Promise<OwnedPlaces | null> {
  const asking = mounts.flatMap((mount) =>
    (mount.type === 'volume' || mount.type === 'bind') && mount.chown ? [mount] : [],
  );
  if (asking.length === 0 || user === undefined) return null;
  const readTable = async (path: string) =>
    (await readHead(await engine.getArchive(id, path, signal), 1))[0]?.content ?? '';
  const owner = await findOwner(user, readTable);
  if (owner === null) return null;
  const targets = asking.flatMap(({ type, target }) => (type === 'volume' ? [target] : []));
  for (const { type, target } of asking) {
    const [first, second] = await readHead(await engine.getArchive(id, target, signal), 2);
    const top = first?.header;
    if (top?.uid !== 0 || top.type !== 'directory') continue;
    // Files that a host has already are not ours to give away.
    if (type === 'bind' && second !== undefined) continue;
    await engine.putArchive(id, posix.dirname(target), await directoryOf(target, top, owner), signal);
  }
  return { owner, targets };
}

/** One directory in an archive: unpacked over one that is there, it only changes whose it is. */
function directoryOf(target: string, { mode, mtime }: Header, owner: Owner): Promise<Buffer> {
  const archive = pack();
  archive.entry({ name: `${posix.basename(target)}/`, type: 'directory', mode, mtime, ...owner });
  archive.finalize();
  return buffer(archive);
}

/**
 * Reads `user` as an engine does: `1000`, `1000:1000`, `web`, `web:staff`. Null for a name that the image does not know.
 *
 * @param readTable content of `/etc/passwd` and `/etc/group`; empty when there is none
 */
export async function findOwner(
  user: string,
  readTable: (path: string) => Promise<string>,
): Promise<Owner | null> {
  const [name = '', group] = user.split(':');
  const byNumber = numberOf(name);
  const account =
    byNumber === undefined || group === undefined ? lineOf(await readTable('/etc/passwd'), name) : undefined;
  const uid = byNumber ?? numberOf(account?.[2]);
  const gid =
    group === undefined
      ? (numberOf(account?.[3]) ?? 0)
      : (numberOf(group) ?? numberOf(lineOf(await readTable('/etc/group'), group)?.[2]));
  return uid === undefined || gid === undefined ? null : { uid, gid };
}

/** Finds the line of an account or group by its name or number. */
function lineOf(table: string, name: string): readonly string[] | undefined {
  const lines = table.split('\n').map((line) => line.split(':'));
  return lines.find(([first]) => first === name) ?? lines.find(([, , number]) => number === name);
}

function numberOf(word: string | undefined): number | undefined {
  return word !== undefined && /^\d+$/.test(word) ? Number(word) : undefined;
}

interface Entry {
  readonly header: Header;
  /** Empty for a directory, and for what is too large. */
  readonly content: string;
}

/** Larger tables of accounts are nobody's: the image is the author's to make. */
const MAX_TABLE_BYTES = 1024 * 1024;

/** Reads the first entries of an archive, and no more of it: what follows may be a volume's worth of data. */
async function readHead(archive: Readable | null, count: number): Promise<readonly Entry[]> {
  if (archive === null) return [];
  const entries = extract();
  // The engine is cut short on purpose.
  archive.on('error', (error) => entries.destroy(error));
  archive.pipe(entries);
  const head: Entry[] = [];
  try {
    for await (const entry of entries) {
      const { header } = entry;
      const isTable = count === 1 && header.type === 'file' && (header.size ?? 0) <= MAX_TABLE_BYTES;
      head.push({ header, content: isTable ? await text(entry) : '' });
      if (head.length === count) break;
      entry.resume();
    }
    return head;
  } finally {
    archive.destroy();
  }
}
