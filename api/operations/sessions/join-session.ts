import type { ExecSession } from '../../../reconciler/index.ts';
import { asFields } from '../../../reconciler/index.ts';

/** Something that the person at the other end does. */
export type SessionInput =
  | { readonly kind: 'input'; readonly bytes: Uint8Array }
  | { readonly kind: 'resize'; readonly columns: number; readonly rows: number }
  /** There is no more input. */
  | { readonly kind: 'end' };

export interface SessionPeer {
  /** Read no faster than the program takes it. Its end ends nothing: whoever goes away aborts the session. */
  readonly input: AsyncIterable<SessionInput>;
  /** Output as it comes; the next piece waits until this one is dealt with. */
  readonly onOutput: (stream: 'stdout' | 'stderr', bytes: Uint8Array) => Promise<void>;
}

/** Joins a program and a person until the program ends; resolves to its exit code. Rejects when the connection was lost. */
export async function joinSession(session: ExecSession, { input, onOutput }: SessionPeer): Promise<number> {
  let isOver = false;
  const forward = async (): Promise<void> => {
    for await (const one of input) {
      if (isOver) return;
      if (one.kind === 'input') session.write(one.bytes);
      if (one.kind === 'end') session.end();
      // A program may end at any moment, and its terminal with it.
      if (one.kind === 'resize') await session.resize(one).catch(() => undefined);
      await session.drained().catch(() => undefined);
    }
  };
  const forwarding = forward();
  // The session itself tells that it cannot be read any more.
  forwarding.catch(() => undefined);
  try {
    for await (const { stream, bytes } of session.output) await onOutput(stream, bytes);
    return await session.exitCode;
  } finally {
    isOver = true;
  }
}

/** Size of a terminal that nobody has said. */
export const DEFAULT_SIZE = { columns: 80, rows: 24 } as const;

/** Largest size that is passed on, in characters. */
const MAX_CHARACTERS = 1_000;

/** `undefined` for what is no size of a terminal. */
export function readSize(
  columns: unknown,
  rows: unknown,
): { readonly columns: number; readonly rows: number } | undefined {
  const isSize = (value: unknown): value is number =>
    Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_CHARACTERS;
  return isSize(columns) && isSize(rows) ? { columns, rows } : undefined;
}

/** Members of a frame of JSON; `undefined` for what is none. */
export function readFields(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    return asFields(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return undefined;
  }
}
