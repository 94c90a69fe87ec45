import { Readable } from 'node:stream';
import { pack } from 'tar-stream';
import type { ContentFile } from '../../../model/resource.ts';
import type { ApplyContext } from '../../../ports/target.ts';
import { asText } from '../../../base/values.ts';

/** The same content has the same time in every build. */
const EPOCH = new Date(0);
const MODES = { file: 0o644, executable: 0o755 } as const;

/**
 * Files of the repository as the tar that an engine builds from. Contents are read one at a time, as fast as the
 * engine takes them. The stream fails with whatever reading fails with.
 */
export function streamContext(
  files: readonly ContentFile[],
  { readBlob, signal }: Pick<ApplyContext, 'readBlob' | 'signal'>,
): Readable {
  const archive = pack();
  const add = (header: Parameters<typeof archive.entry>[0], content = Buffer.alloc(0)) =>
    new Promise<void>((resolve, reject) => {
      archive.entry(header, content, (error) => (error ? reject(error) : resolve()));
    });
  const write = async (): Promise<void> => {
    for (const { path, type, blob } of files) {
      signal.throwIfAborted();
      const content = Buffer.from(await readBlob(blob));
      if (type === 'symlink') await add({ name: path, type, linkname: content.toString(), mtime: EPOCH });
      else await add({ name: path, mode: MODES[type], mtime: EPOCH }, content);
    }
    archive.finalize();
  };
  write().catch((error: unknown) =>
    archive.destroy(error instanceof Error ? error : new Error(asText(error))),
  );
  return Readable.from(archive);
}
