import type { BackupView, DatabaseView } from '../../client/fleet-types.ts';

/** A database, a volume or a directory of a stack, with its backups. */
export interface Holding {
  readonly stack: string;
  readonly service: string;
  /** `null` for data, and while databases have not been asked, or for one that is gone. */
  readonly database: DatabaseView | null;
  /** Backups, the newest first. */
  readonly backups: readonly BackupView[];
}

const keyOf = ({ stack, service }: { readonly stack: string; readonly service: string }): string =>
  JSON.stringify([stack, service]);

/** Puts databases and backups together, by stack and service. */
export function toHoldings(
  databases: readonly DatabaseView[],
  backups: readonly BackupView[],
): readonly Holding[] {
  const found = new Map<string, Holding>();
  for (const database of databases) {
    const { stack, service } = database;
    found.set(keyOf(database), { stack, service, database, backups: [] });
  }
  for (const [key, own] of Map.groupBy(backups, keyOf)) {
    const [first] = own;
    if (first === undefined) continue;
    const { stack, service } = first;
    const newestFirst = own.toSorted((a, b) => b.time.localeCompare(a.time));
    found.set(key, { stack, service, database: found.get(key)?.database ?? null, backups: newestFirst });
  }
  return [...found.values()].toSorted(
    (a, b) => a.stack.localeCompare(b.stack) || a.service.localeCompare(b.service),
  );
}

const KINDS: Readonly<Record<DatabaseView['kind'], string>> = {
  postgres: 'PostgreSQL',
  mysql: 'MySQL or MariaDB',
  mongodb: 'MongoDB',
  redis: 'Redis',
};

/** Words for what it is: `PostgreSQL`, `volume`, `directory`. */
export function tellKind({ database, backups, service }: Holding): string {
  if (database !== null) return KINDS[database.kind];
  if (backups[0]?.kind === 'database') return 'database';
  return service.startsWith('volume:') ? 'volume' : 'directory';
}

/** Name without its kind: `uploads` of a volume, `/etc/web of web` of a directory, the service of a database. */
export function tellService(service: string): string {
  if (service.startsWith('volume:')) return service.slice('volume:'.length);
  const [name, path] = service.split(':');
  return path === undefined ? service : `${path} of ${name}`;
}

/** Size of all databases; `null` where none is known. */
export function sizeOf({ databases }: DatabaseView): number | null {
  const known = databases.map(({ size_bytes: size }) => size).filter((size) => size !== null);
  return known.length === 0 ? null : known.reduce((sum, size) => sum + size, 0);
}
