import type { DatabaseView } from '../../../reconciler/index.ts';
import { formatTable, toPlainText } from '../../text/table.ts';

export function toDatabase({ databases, ...server }: DatabaseView) {
  return {
    ...server,
    databases: databases.map(({ name, sizeBytes, connections }) => ({
      name,
      size_bytes: sizeBytes,
      connections,
    })),
  };
}

/** One line for each server, then one for each of their databases. */
export function formatDatabases(servers: readonly DatabaseView[]): string {
  if (servers.length === 0) return 'No stack has a database.\n';
  const rows = servers.map((server) => [
    server.stack,
    server.service,
    server.kind,
    server.image,
    server.status,
    server.connections === null ? '-' : String(server.connections),
    server.error ?? '',
  ]);
  const table = formatTable(['STACK', 'SERVICE', 'KIND', 'IMAGE', 'STATUS', 'CONNECTIONS', 'MESSAGE'], rows);
  const databases = servers.flatMap(({ stack, service, databases: all }) =>
    all.map(({ name, sizeBytes, connections }) => [
      stack,
      service,
      name,
      sizeBytes === null ? '-' : formatSize(sizeBytes),
      connections === null ? '-' : String(connections),
    ]),
  );
  const sizes =
    databases.length === 0
      ? ''
      : `\n${formatTable(['STACK', 'SERVICE', 'DATABASE', 'SIZE', 'CONNECTIONS'], databases)}\n`;
  return toPlainText(`${table}\n${sizes}`);
}

/** `512 B`, `7.5 MiB` */
export function formatSize(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${power === 0 ? value : value.toFixed(1)} ${units[power]}`;
}
