import type { GlobalOptions } from '../options.ts';
import { readApiKey } from '../options.ts';
import { createRemoteClient } from '../remote/client.ts';
import { fieldsOf, listAt, textAt, textOrNull } from '../remote/decode.ts';
import { UsageError } from '../terminal/failure.ts';

/** An instance as the API tells of it. */
export interface InstanceRow {
  readonly stack_id: string;
  readonly status: string;
  /** Reason that it is being created still, or has failed. */
  readonly message: string | null;
  readonly node_id: string;
  readonly ports: readonly {
    readonly container_port: number;
    readonly protocol: string;
    readonly node_port: number;
  }[];
  /** Addresses of the ports, in their order; none while they are not known. */
  readonly urls: readonly string[];
  readonly ttl_expires_at: string;
  readonly pod_spec: string;
}

export interface InstanceLog {
  readonly stack_id: string;
  readonly logs: string;
  readonly lines: readonly unknown[];
}

/** Instances of a running daemon. Throws RemoteError. */
export interface InstanceClient {
  list(signal: AbortSignal): Promise<readonly InstanceRow[]>;
  create(request: object, signal: AbortSignal): Promise<InstanceRow>;
  get(id: string, signal: AbortSignal): Promise<InstanceRow>;
  logs(id: string, lines: number | undefined, signal: AbortSignal): Promise<InstanceLog>;
  delete(id: string, signal: AbortSignal): Promise<void>;
}

/** Throws BAD_OPTIONS without a daemon: nothing but a daemon has instances. */
export function openInstanceClient(options: GlobalOptions): InstanceClient {
  const { server, serverVariable } = options;
  if (server === undefined) {
    throw new UsageError(
      'instances are kept by a daemon: say which one with --server (KOMBINATOR_SERVER)',
      'kombinator serve runs one, also without a repository',
    );
  }
  const apiKey = readApiKey(options);
  const client = createRemoteClient({
    url: server,
    prefix: '',
    ...(serverVariable !== undefined && { option: serverVariable }),
    ...(apiKey !== undefined && { apiKey }),
  });
  const query = { extended: 1 };
  const path = (id: string) => `/stacks/${encodeURIComponent(id)}`;
  return {
    async list(signal) {
      return listAt(fieldsOf(await client.get('/stacks', { query, signal }), 'instances'), 'stacks', toRow);
    },
    async create(request, signal) {
      const { stack_id: id } = toRow(await client.post('/stacks', { body: request, signal }));
      return toRow(await client.get(path(id), { query, signal }));
    },
    get: async (id, signal) => toRow(await client.get(path(id), { query, signal })),
    async logs(id, lines, signal) {
      const fields = fieldsOf(await client.get(`${path(id)}/logs`, { query: { lines }, signal }), 'log');
      return {
        stack_id: textAt(fields, 'stack_id'),
        logs: textAt(fields, 'logs'),
        lines: listAt(fields, 'lines', (line) => line),
      };
    },
    async delete(id, signal) {
      await client.delete(path(id), { signal });
    },
  };
}

function toRow(value: unknown): InstanceRow {
  const fields = fieldsOf(value, 'instance');
  return {
    stack_id: textAt(fields, 'stack_id'),
    status: textAt(fields, 'status'),
    message: textOrNull(fields, 'message'),
    node_id: textAt(fields, 'node_id'),
    ports: listAt(fields, 'ports', toPort),
    urls: listAt(fields, 'urls', String),
    ttl_expires_at: textAt(fields, 'ttl_expires_at'),
    pod_spec: textAt(fields, 'pod_spec'),
  };
}

function toPort(value: unknown): InstanceRow['ports'][number] {
  const fields = fieldsOf(value, 'port');
  return {
    container_port: Number(fields['container_port']),
    protocol: textAt(fields, 'protocol'),
    node_port: Number(fields['node_port']),
  };
}
