import { pipeline } from 'node:stream';
import type { Duplex } from 'node:stream';
import { createGunzip, createGzip, createZstdCompress, createZstdDecompress } from 'node:zlib';
import type { Compression } from '../../database/backup.ts';
import type { StreamedEnd } from '../../ports/target-capabilities.ts';

/** Starts a program and calls back with each piece of its output; the next piece waits for the callback. */
export type Run = (onOutput: (chunk: Uint8Array) => Promise<void>) => Promise<StreamedEnd>;

/**
 * The output of a program, piece by piece as it is asked for. Whoever stops reading early ends the program.
 *
 * @param check throws when the program did not end well; called once all of its output was read
 */
export async function* outputOf(run: Run, check: (end: StreamedEnd) => void): AsyncGenerator<Uint8Array> {
  let offered = Promise.withResolvers<Uint8Array | null>();
  let taken = Promise.withResolvers<void>();
  const ended = run(async (chunk) => {
    const wait = taken.promise;
    offered.resolve(chunk);
    await wait;
  });
  ended.then(
    () => offered.resolve(null),
    () => offered.resolve(null),
  );
  try {
    for (;;) {
      const chunk = await offered.promise;
      if (chunk === null) break;
      yield chunk;
      const { resolve } = taken;
      [offered, taken] = [Promise.withResolvers(), Promise.withResolvers()];
      resolve();
      // The program may have ended between its last piece and this.
      ended.then(
        () => offered.resolve(null),
        () => offered.resolve(null),
      );
    }
    check(await ended);
  } finally {
    taken.promise.catch(() => undefined);
    taken.reject(new Error('nobody reads the output any more'));
    await ended.catch(() => undefined);
  }
}

export function compress(content: AsyncIterable<Uint8Array>, how: Compression): AsyncIterable<Uint8Array> {
  if (how === 'none') return content;
  return through(content, how === 'gzip' ? createGzip() : createZstdCompress());
}

/** Throws when the content is cut short or damaged. */
export function decompress(content: AsyncIterable<Uint8Array>, how: Compression): AsyncIterable<Uint8Array> {
  if (how === 'none') return content;
  return through(content, how === 'gzip' ? createGunzip() : createZstdDecompress());
}

async function* through(content: AsyncIterable<Uint8Array>, transform: Duplex): AsyncGenerator<Uint8Array> {
  // An error of the content destroys the transform with it, and so ends whoever reads from that.
  pipeline(content, transform, () => undefined);
  yield* transform;
}
