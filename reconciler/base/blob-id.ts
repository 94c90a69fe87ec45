import { createHash } from 'node:crypto';

/** The id that Git gives to this content. */
export function blobId(content: Uint8Array): string {
  return createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
}
