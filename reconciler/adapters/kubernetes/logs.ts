import { ReconcilerError } from '../../model/errors.ts';
import type { ResourceId } from '../../model/resource.ts';
import { asFields, asList, asString } from '../../model/values.ts';
import type { Fields } from '../../model/values.ts';
import type { LogLine, LogOptions } from '../../ports/target.ts';
import type { Cluster } from './cluster.ts';
import { podsOf } from './read-health.ts';

/** Logs of the pods of a workload, or of one pod. Containers one after the other; when followed, as they come. */
export async function* readLogs(
  cluster: Cluster,
  stack: string,
  id: ResourceId,
  options: LogOptions,
): AsyncGenerator<LogLine> {
  const { signal } = options;
  const live = await cluster.find(stack, id, signal);
  const pods = live?.kind === 'Pod' ? [live] : live ? await podsOf(cluster, live, signal) : [];
  if (pods.length === 0) throw new ReconcilerError('TARGET_ERROR', `${id} has no pods`, { retryable: true });
  const streams = pods.flatMap((pod) =>
    containersOf(pod).map((container) => readContainer(cluster, pod, container, options)),
  );
  if (options.follow === true) yield* merge(streams, signal);
  else for (const stream of streams) yield* stream;
}

function containersOf(pod: Fields): readonly string[] {
  return (asList(asFields(pod['spec'])?.['containers']) ?? []).flatMap(
    (container) => asString(asFields(container)?.['name']) ?? [],
  );
}

async function* readContainer(
  { client }: Cluster,
  pod: Fields,
  container: string,
  { tail, since, follow, signal }: LogOptions,
): AsyncGenerator<LogLine> {
  const metadata = asFields(pod['metadata']) ?? {};
  const path = `/api/v1/namespaces/${String(metadata['namespace'])}/pods/${String(metadata['name'])}/log`;
  const query = {
    container,
    timestamps: 'true',
    tailLines: tail,
    sinceTime: since?.toISOString(),
    ...(follow === true ? { follow: 'true' } : {}),
  };
  try {
    for await (const line of await client.lines({ path, query, signal })) {
      const space = line.indexOf(' ');
      // The API has both streams in one and does not tell them apart.
      yield { stream: 'stdout', time: line.slice(0, space), text: line.slice(space + 1) };
    }
  } catch (error) {
    // Whoever follows a log ends it by aborting.
    if (!signal.aborted) throw error;
  }
}

async function* merge(
  streams: readonly AsyncGenerator<LogLine>[],
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const next = (stream: AsyncGenerator<LogLine>) => stream.next().then((result) => ({ stream, result }));
  const pending = new Map(streams.map((stream) => [stream, next(stream)]));
  while (pending.size > 0 && !signal.aborted) {
    const { stream, result } = await Promise.race(pending.values());
    if (result.done === true) pending.delete(stream);
    else {
      pending.set(stream, next(stream));
      yield result.value;
    }
  }
}
