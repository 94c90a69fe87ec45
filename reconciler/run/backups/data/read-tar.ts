import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { compareText } from '../../../base/values.ts';
import { extract } from 'tar-stream';
import type { Header } from 'tar-stream';

/** One thing in an archive of data. */
export interface DataEntry {
  /** Relative, without `./`; empty for the place itself. */
  readonly path: string;
  readonly type: string;
  readonly sizeBytes: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since the epoch; 0 for directories, whose time changes with what is in them. */
  readonly modified: number;
  /** Path that a link leads to. */
  readonly link: string;
  /** Digest of everything above but the path, and of the content. */
  readonly digest: string;
}

/** Size of the end of an archive: zeros. Whatever was cut off does not end so. */
const END_BYTES = 1_024;

/** Reads an archive to its end. Throws where it is damaged, or breaks off, also between two entries. */
export async function readTar(
  content: AsyncIterable<Uint8Array>,
  onEntry: (entry: DataEntry) => void,
): Promise<void> {
  const reader = extract();
  const end = { bytes: Buffer.alloc(0) };
  const source = Readable.from(watchEnd(content, end), { objectMode: false });
  source.on('error', (error) => reader.destroy(error));
  source.pipe(reader);
  for await (const entry of reader) {
    const hash = createHash('sha256');
    for await (const chunk of entry) hash.update(chunk as Uint8Array);
    onEntry(toEntry(entry.header, hash.digest('hex')));
  }
  requireEnd(end.bytes);
}

/** Passes an archive on, and throws at its end where it breaks off. */
export async function* wholeTar(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const end = { bytes: Buffer.alloc(0) };
  yield* watchEnd(content, end);
  requireEnd(end.bytes);
}

async function* watchEnd(
  content: AsyncIterable<Uint8Array>,
  end: { bytes: Buffer },
): AsyncGenerator<Uint8Array> {
  for await (const chunk of content) {
    end.bytes =
      chunk.length >= END_BYTES
        ? Buffer.from(chunk.subarray(-END_BYTES))
        : Buffer.concat([end.bytes, chunk]).subarray(-END_BYTES);
    yield chunk;
  }
}

function requireEnd(end: Buffer): void {
  if (end.length === END_BYTES && end.every((byte) => byte === 0)) return;
  throw new Error('the archive breaks off');
}

function toEntry(header: Header, content: string): DataEntry {
  const { name, type, size, mode, uid, gid, mtime, linkname, pax } = header;
  const isFolder = type === 'directory';
  const modified = isFolder ? 0 : Math.floor(mtime.getTime() / 1_000);
  const path = name.replace(/^(\.\/)+/, '').replace(/\/+$/, '');
  const facts = { type, mode, uid, gid, modified, link: (linkname ?? '').replace(/^\.\//, '') };
  const attributes = Object.entries(pax ?? {})
    .filter(([key]) => key.startsWith('SCHILY.xattr.'))
    .sort(([a], [b]) => compareText(a, b));
  const text = JSON.stringify([facts, size, content, attributes]);
  const digest = createHash('sha256').update(text).digest('hex');
  return { path: path === '.' ? '' : path, sizeBytes: isFolder ? 0 : size, ...facts, digest };
}
