import { asString } from '../../../../reconciler/index.ts';
import type { SocketMessage } from '../../../http/sockets/channel.ts';
import type { SessionInput } from '../../../operations/sessions/join-session.ts';
import { readFields, readSize } from '../../../operations/sessions/join-session.ts';

export type FrameType = 'metadata' | 'output' | 'error' | 'close';

/** `data` is a text whatever it tells. */
export function toFrame(type: FrameType, data: string): string {
  return JSON.stringify({ type, data });
}

/** Frames of the client; all that are no keys and no size are left out. */
export async function* readInput(messages: AsyncIterable<SocketMessage>): AsyncGenerator<SessionInput> {
  for await (const { bytes, isText } of messages) {
    const read = isText ? readFrame(bytes) : undefined;
    if (read !== undefined) yield read;
  }
}

function readFrame(bytes: Uint8Array): SessionInput | undefined {
  const fields = readFields(bytes);
  const data = asString(fields?.['data']);
  if (fields?.['type'] === 'input' && data !== undefined)
    return { kind: 'input', bytes: new TextEncoder().encode(data) };
  const size = fields?.['type'] === 'resize' ? readSize(fields['cols'], fields['rows']) : undefined;
  return size && { kind: 'resize', ...size };
}
