import { PassingError, RemoteError } from '../errors.ts';

/** Git's packet lines: four hex digits of length (themselves included), then the payload; `0000` is a flush, `0001` parts a command from its arguments. */

export const FLUSH = Buffer.from('0000');
export const DELIMITER = Buffer.from('0001');

/** Something else answers, such as a page of the web. */
export class NotPackets extends RemoteError {}

export function formatPacket(payload: string): Buffer {
  const bytes = Buffer.from(payload);
  return Buffer.concat([Buffer.from((bytes.length + 4).toString(16).padStart(4, '0')), bytes]);
}

/**
 * Payloads of a stream of packets; a flush comes as `null`.
 *
 * @param place repository, as errors tell of it
 * @throws REPOSITORY_UNREACHABLE when the stream ends inside a packet, GIT_ERROR when it is no stream of packets
 */
export async function* readPackets(
  stream: AsyncIterable<Uint8Array>,
  place = 'the remote',
): AsyncGenerator<Buffer | null> {
  let pending: Buffer = Buffer.alloc(0);
  for await (const chunk of stream) {
    pending = pending.length === 0 ? Buffer.from(chunk) : Buffer.concat([pending, chunk]);
    let at = 0;
    while (pending.length - at >= 4) {
      const length = packetLength(pending.toString('latin1', at, at + 4));
      if (length === 0) {
        yield null;
        at += 4;
        continue;
      }
      if (pending.length - at < length) break;
      yield pending.subarray(at + 4, at + length);
      at += length;
    }
    pending = pending.subarray(at);
  }
  if (pending.length > 0) throw cutShort(place);
}

/** Nobody else's fault than of the way here: asked again, the server may be heard to the end. */
export function cutShort(place: string): Error {
  return new PassingError(place, 'the answer of the Git server ends in the middle');
}

function packetLength(digits: string): number {
  const length = /^[0-9a-f]{4}$/i.test(digits) ? Number.parseInt(digits, 16) : -1;
  if (length === 0 || length >= 4) return length;
  throw new NotPackets('the answer of the Git server is not understood');
}
