import { createHash } from 'node:crypto';
import type { DataEntry } from './read-tar.ts';
import { OWN_FOLDER } from '../../../ports/backups/moves-data.ts';
import type { DataChange, DataDifference } from '../../../public/backups.ts';

/** Changes that are named; the others are counted. */
const MAX_NAMED = 500;
/** Things in a place that can be compared one by one; of more only the number is told. */
const MAX_COMPARED = 2_000_000;

type Seen = Pick<DataEntry, 'digest' | 'sizeBytes'>;

/** Collects what a place, or a backup, holds. */
export class DataTree {
  readonly entries = new Map<string, Seen>();
  /** Owner and permissions of the place itself. */
  root = { mode: 0o755, uid: 0, gid: 0 };
  bytes = 0;

  readonly add = (entry: DataEntry): void => {
    const { path, digest, sizeBytes, mode, uid, gid } = entry;
    if (path.startsWith(OWN_FOLDER)) return;
    if (path === '') {
      this.root = { mode, uid, gid };
      return;
    }
    if (this.entries.size >= MAX_COMPARED)
      throw new Error(`there are more than ${MAX_COMPARED} files and directories`);
    this.bytes += sizeBytes;
    this.entries.set(path, { digest, sizeBytes });
  };
}

/** Adds up digests of what a place holds, in any order and in memory that stays flat. */
export class DataSum {
  root = { mode: 0o755, uid: 0, gid: 0 };
  entries = 0;
  bytes = 0;
  #sum = 0n;

  readonly add = ({ path, digest, sizeBytes, mode, uid, gid }: DataEntry): void => {
    if (path === '') {
      this.root = { mode, uid, gid };
      return;
    }
    if (path.startsWith(OWN_FOLDER)) return;
    this.entries += 1;
    this.bytes += sizeBytes;
    const hash = createHash('sha256').update(`${path}\0${digest}`).digest('hex');
    this.#sum = (this.#sum + BigInt(`0x${hash}`)) % 2n ** 256n;
  };

  equals(other: DataSum): boolean {
    return this.#sum === other.#sum && this.entries === other.entries;
  }
}

/** Says what a restore would change: from what is there to what the backup holds. */
export function compareData(now: DataTree, then: DataTree): DataDifference {
  const changes: DataChange[] = [];
  const counts = { added: 0, changed: 0, removed: 0, same: 0 };
  const note = (change: DataChange) => {
    counts[change.change] += 1;
    changes.push(change);
  };
  for (const [path, { digest, sizeBytes }] of then.entries) {
    const here = now.entries.get(path);
    if (here === undefined) note({ path, change: 'added', before: null, after: sizeBytes });
    else if (here.digest !== digest)
      note({ path, change: 'changed', before: here.sizeBytes, after: sizeBytes });
    else counts.same += 1;
  }
  for (const [path, { sizeBytes }] of now.entries) {
    if (!then.entries.has(path)) note({ path, change: 'removed', before: sizeBytes, after: null });
  }
  changes.sort((a, b) => (a.path < b.path ? -1 : 1));
  return {
    ...counts,
    bytesBefore: now.bytes,
    bytesAfter: then.bytes,
    changes: changes.slice(0, MAX_NAMED),
  };
}
