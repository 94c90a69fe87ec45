import type { InstanceLogLine } from '../../../ports/instance-backend.ts';
import { compareText } from '../../../base/values.ts';
import { toStreamError } from '../engine/engine-errors.ts';
import { closeAfter, readLogLines } from '../logs.ts';
import type { Installation } from './ensure.ts';
import { INSTANCE_LABEL } from './labels.ts';

/** Time that reading the log of one container may take, in milliseconds. */
const READ_MS = 10_000;

interface Wanted {
  readonly id: string;
  /** Lines of each container. */
  readonly tail: number;
}

/** Reads what the containers of an instance wrote last, oldest first. */
export async function readInstanceLogs(
  { engine, owner }: Installation,
  { id, tail }: Wanted,
  signal: AbortSignal,
): Promise<readonly InstanceLogLine[]> {
  const containers = await engine.listInstances(owner(), id, signal);
  const logs = await Promise.all(
    containers.map(async ({ Id, Labels }) => {
      const stream = await engine.containerLogs(Id, { tail, withinMs: READ_MS }, signal);
      const lines: InstanceLogLine[] = [];
      try {
        for await (const { time, text } of closeAfter(stream, readLogLines(stream))) {
          lines.push({ container: Labels[INSTANCE_LABEL.container] ?? '', time, text });
          // An engine that does not heed the number is not taken at its word.
          if (lines.length > tail) lines.shift();
        }
      } catch (error) {
        throw toStreamError(error, engine.address);
      }
      return lines;
    }),
  );
  return logs.flat().sort((one, other) => compareText(one.time, other.time));
}
