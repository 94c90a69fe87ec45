import type { SocketMessage } from '../../../http/sockets/channel.ts';
import type { SessionInput } from '../../../operations/sessions/join-session.ts';
import { readFields, readSize } from '../../../operations/sessions/join-session.ts';

/* Frames of a session: what is typed and printed is binary, everything else is a JSON text. Output has its stream first: 1 stdout, 2 stderr. */

const STREAM = { stdout: 1, stderr: 2 } as const;

export function toOutputFrame(stream: 'stdout' | 'stderr', bytes: Uint8Array): Uint8Array {
  const frame = new Uint8Array(bytes.byteLength + 1);
  frame[0] = STREAM[stream];
  frame.set(bytes, 1);
  return frame;
}

/** Frames of the client; those that say nothing known are left out. */
export async function* readInput(messages: AsyncIterable<SocketMessage>): AsyncGenerator<SessionInput> {
  for await (const { bytes, isText } of messages) {
    const read: SessionInput | undefined = isText ? readCommand(bytes) : { kind: 'input', bytes };
    if (read !== undefined) yield read;
  }
}

function readCommand(bytes: Uint8Array): SessionInput | undefined {
  const fields = readFields(bytes);
  if (fields?.['type'] === 'end') return { kind: 'end' };
  const size = fields?.['type'] === 'resize' ? readSize(fields['columns'], fields['rows']) : undefined;
  return size && { kind: 'resize', ...size };
}
