import { createAbortScope } from '../../base/abort-scope.ts';
import type { ResourceId } from '../../model/resource.ts';
import { replicaNumber } from '../../model/rollout.ts';
import type { LogLine, LogOptions } from '../../ports/target-capabilities.ts';

type ReadLogs = (id: ResourceId, options: LogOptions) => AsyncIterable<LogLine>;

/**
 * The logs of several containers as one; each line tells which it is from. What is there already comes in the order of
 * time, with `follow` lines come as they are written. `tail` counts for each container.
 */
export async function* mergeLogs(
  ids: readonly ResourceId[],
  read: ReadLogs,
  options: LogOptions,
): AsyncGenerator<LogLine> {
  if (options.follow === true) return yield* followAll(ids, read, options);
  yield* inOrder(ids.map((id) => markAll(id, read(id, options))));
}

async function* markAll(id: ResourceId, lines: AsyncIterable<LogLine>): AsyncGenerator<LogLine> {
  for await (const line of lines) yield mark(line, id);
}

/** Takes the oldest of the next lines each time: no log is held in memory, however long it is. */
async function* inOrder(logs: readonly AsyncGenerator<LogLine>[]): AsyncGenerator<LogLine> {
  try {
    const heads = await Promise.all(logs.map((log) => log.next()));
    for (let at = oldestOf(heads); at !== undefined; at = oldestOf(heads)) {
      const [head, log] = [heads[at], logs[at]];
      if (head === undefined || head.done === true || log === undefined) return;
      yield head.value;
      heads[at] = await log.next();
    }
  } finally {
    await Promise.allSettled(logs.map((log) => log.return(undefined)));
  }
}

/** Index of the oldest line; `undefined` when there is none left. */
function oldestOf(heads: readonly IteratorResult<LogLine>[]): number | undefined {
  return heads.reduce<{ readonly at?: number; readonly time: string }>(
    (best, head, at) => {
      const isOlder = head.done !== true && (best.at === undefined || head.value.time < best.time);
      return isOlder ? { at, time: head.value.time } : best;
    },
    { time: '' },
  ).at;
}

/** Each container is read no further than one line ahead of whoever asks. */
async function* followAll(
  ids: readonly ResourceId[],
  read: ReadLogs,
  options: LogOptions,
): AsyncGenerator<LogLine> {
  using scope = createAbortScope({ signals: [options.signal] });
  const { signal } = scope;
  const waiting: { readonly line: LogLine; readonly taken: () => void }[] = [];
  const failures: unknown[] = [];
  let open = ids.length;
  let wake: () => void = () => undefined;
  const pump = async (id: ResourceId): Promise<void> => {
    for await (const line of read(id, { ...options, signal })) {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push({ line: mark(line, id), taken: resolve });
      wake();
      await promise;
    }
  };
  for (const id of ids) {
    pump(id)
      .catch((error: unknown) => failures.push(error))
      .finally(() => {
        open -= 1;
        wake();
      });
  }
  try {
    for (;;) {
      const [failure] = failures;
      if (failure !== undefined) throw failure;
      const next = waiting.shift();
      if (next !== undefined) {
        next.taken();
        yield next.line;
      } else if (open === 0) return;
      else {
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        await promise;
      }
    }
  } finally {
    scope.abort();
    for (const { taken } of waiting) taken();
  }
}

function mark(line: LogLine, id: ResourceId): LogLine {
  return { ...line, text: `#${replicaNumber(id)} ${line.text}` };
}
