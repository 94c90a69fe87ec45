import { createHash } from 'node:crypto';

/** Passes content on and tells its length and its digest once it has ended. */
export function hashed(content: AsyncIterable<Uint8Array>): {
  readonly content: AsyncIterable<Uint8Array>;
  result(): { readonly sizeBytes: number; readonly sha256: string };
} {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  return {
    content: (async function* () {
      for await (const chunk of content) {
        hash.update(chunk);
        sizeBytes += chunk.length;
        yield chunk;
      }
    })(),
    result: () => ({ sizeBytes, sha256: hash.digest('hex') }),
  };
}
