import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import type { Engine } from '../engine/engine.ts';

/** Larger files hold no secret that anybody would find in a text. */
const MAX_BYTES = 256 * 1024;

/** A file as a container has it. */
export interface FileInside {
  readonly content: Buffer;
  /** False when it was written since it was put there. */
  readonly asGiven: boolean;
}

/** Reads a file of a container, whether it runs or not; `null` when it cannot be had, or is too large. */
export async function readFileInside(
  engine: Engine,
  id: string,
  path: string,
  signal: AbortSignal,
): Promise<FileInside | null> {
  try {
    const archive = await engine.getArchive(id, path, signal);
    return archive && (await readOnly(archive));
  } catch {
    // A file that cannot be had hides nothing, for whatever reason.
    signal.throwIfAborted();
    return null;
  }
}

/** Reads an archive of one file. */
async function readOnly(archive: Readable): Promise<FileInside | null> {
  const entries = extract();
  archive.on('error', (error) => entries.destroy(error));
  archive.pipe(entries);
  try {
    for await (const entry of entries) {
      const { type, size, mtime } = entry.header;
      if (type !== 'file' || size > MAX_BYTES) return null;
      // The time that all files are given, see putFiles and putSecrets.
      return { content: await buffer(entry), asGiven: mtime?.getTime() === 0 };
    }
    return null;
  } finally {
    archive.destroy();
  }
}
