import { asFields, asList, asString, compareText } from '../../../base/values.ts';
import type { InstanceLogLine } from '../../../ports/instance-backend.ts';
import type { LiveObject } from '../cache/live-object.ts';
import type { ClusterInstancesOptions } from './options.ts';
import { podsOf } from './pods.ts';

interface Wanted {
  readonly id: string;
  /** Lines of each container. */
  readonly tail: number;
}

/** Reads what the containers of an instance wrote last, oldest first. */
export async function readInstanceLogs(
  options: ClusterInstancesOptions,
  { id, tail }: Wanted,
  signal: AbortSignal,
): Promise<readonly InstanceLogLine[]> {
  const { client, namespace } = options;
  const pods = await podsOf(options, id, signal);
  const writers = pods.flatMap((pod) =>
    writersOf(pod).map((container) => ({ name: pod.metadata.name, container })),
  );
  const logs = await Promise.all(
    writers.map(async ({ name, container }) => {
      const path = `/api/v1/namespaces/${namespace}/pods/${name}/log`;
      const query = { container, timestamps: 'true', tailLines: tail };
      const lines: InstanceLogLine[] = [];
      for await (const line of await client.lines({ path, query, signal })) {
        const space = line.indexOf(' ');
        lines.push({ container, time: line.slice(0, space), text: line.slice(space + 1) });
        if (lines.length > tail) lines.shift();
      }
      return lines;
    }),
  );
  return logs.flat().sort((one, other) => compareText(one.time, other.time));
}

/** Names the containers that run or have run: of one that waits, a server answers with an error. */
function writersOf(pod: LiveObject): readonly string[] {
  const status = asFields(pod['status']) ?? {};
  const all = [
    ...(asList(status['initContainerStatuses']) ?? []),
    ...(asList(status['containerStatuses']) ?? []),
  ];
  return all.flatMap((item) => {
    const container = asFields(item) ?? {};
    const state = asFields(container['state']) ?? {};
    const name = asString(container['name']);
    return name === undefined || state['waiting'] !== undefined ? [] : [name];
  });
}
