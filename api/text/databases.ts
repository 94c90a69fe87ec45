import type { BackupList, BackupView, DatabaseView, RestoreLook } from '../../reconciler/index.ts';
import { formatBytes as formatSize } from '../../reconciler/index.ts';
import { formatTable, toPlainText } from './table.ts';

/**
 * One line for each server, then one for each of their databases.
 *
 * @param width see `formatTable`
 */
export function formatDatabases(servers: readonly DatabaseView[], width?: number): string {
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
  const table = formatTable(
    ['STACK', 'SERVICE', 'KIND', 'IMAGE', 'STATUS', 'CONNECTIONS', 'MESSAGE'],
    rows,
    width,
  );
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
      : `\n${formatTable(['STACK', 'SERVICE', 'DATABASE', 'SIZE', 'CONNECTIONS'], databases, width)}\n`;
  return toPlainText(`${table}\n${sizes}`);
}

export { formatSize };

export const BACKUP_HEADER = ['STACK', 'SERVICE', 'FILE', 'SIZE', 'TIME'] as const;

export function toBackupRow({ stack, service, file, sizeBytes, time }: BackupView): readonly string[] {
  return [stack, service, file, formatSize(sizeBytes), time.replace(/\.\d+Z$/, 'Z')];
}

/** One line for each backup, then what could not be looked through. */
export function formatBackups({ backups, failures }: BackupList): string {
  const list =
    backups.length === 0 ? 'There are no backups.' : formatTable(BACKUP_HEADER, backups.map(toBackupRow));
  const notes = failures.map(({ stack, service, message }) => `${stack}/${service}: ${message}\n`).join('');
  return toPlainText(`${list}\n${notes === '' ? '' : `\n${notes}`}`);
}

/** Tells people what a restore would change: the first of it, and how much it is in all. */
export function formatLook(
  { stack, service, file, time, stops, note, data }: RestoreLook,
  most = 20,
): string {
  const head = `${stack}/${service} as it was at ${time.replace(/\.\d+Z$/, 'Z')} (${file})`;
  const down = stops.length === 0 ? '' : `\nStops for a moment: ${stops.join(', ')}`;
  if (data === null) return toPlainText(`${head}\n  ${note ?? ''}${down}\n`);
  const { added, changed, removed, same, changes, bytesBefore, bytesAfter } = data;
  const total = added + changed + removed;
  if (total === 0) return toPlainText(`${head}\n  Nothing differs (${same} files and directories).${down}\n`);
  const lines = changes.slice(0, most).map((one) => {
    const size = [one.before, one.after].map((bytes) => (bytes === null ? null : formatSize(bytes)));
    const sizes = size.filter((text) => text !== null);
    const text = sizes.length === 2 && sizes[0] === sizes[1] ? sizes.slice(1) : sizes;
    return `  ${SIGNS[one.change]} ${one.path}  ${text.join(' → ')}`;
  });
  const more = total > lines.length ? [`  … and ${total - lines.length} more`] : [];
  const counts = `${added} come back, ${changed} change, ${removed} go, ${same} stay; ${formatSize(bytesBefore)} → ${formatSize(bytesAfter)}`;
  return toPlainText(`${[head, ...lines, ...more, counts].join('\n')}${down}\n`);
}

const SIGNS = { added: '+', changed: '~', removed: '-' } as const;
