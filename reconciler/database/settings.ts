/** Kind of the client programs that a server is spoken to with. */
export type DatabaseKind = 'postgres' | 'mysql' | 'mongodb' | 'redis';

export const DATABASE_KINDS: readonly DatabaseKind[] = ['postgres', 'mysql', 'mongodb', 'redis'];

/** Facts about a database server besides its image. No passwords: those stay in the container. */
export interface DatabaseSettings {
  readonly kind: DatabaseKind;
  /** Default: as the image has it, root or postgres at last. */
  readonly user?: string;
  /** The only database that backups hold. Default: all. */
  readonly database?: string;
  /** Absolute path of a file of the container that holds the password. */
  readonly passwordFile?: string;
  /** Variable of the container that holds it. Default: those of the usual images. */
  readonly passwordEnv?: string;
  /** Directory in the container, on a volume, that backups are kept in. Default: the daemon keeps them. */
  readonly backupFolder?: string;
}

/** Kinds by the last part of an image's name. */
const KIND_OF_IMAGE: Readonly<Record<string, DatabaseKind>> = {
  postgres: 'postgres',
  postgresql: 'postgres',
  postgis: 'postgres',
  pgvector: 'postgres',
  timescaledb: 'postgres',
  mysql: 'mysql',
  mariadb: 'mysql',
  percona: 'mysql',
  mongo: 'mongodb',
  mongodb: 'mongodb',
  redis: 'redis',
  valkey: 'redis',
};

/** Tells what kind of database an image holds, `null` when none that is known. */
export function databaseKind(image: string): DatabaseKind | null {
  const name = image.split('@', 1)[0]?.split('/').at(-1)?.split(':', 1)[0] ?? '';
  return own(KIND_OF_IMAGE, name) ?? null;
}

/** Returns what is said of a service's database, or what its image tells; `null` when it is none. */
export function databaseOf(service: {
  readonly image: string;
  readonly database?: DatabaseSettings;
}): DatabaseSettings | null {
  if (service.database !== undefined) return service.database;
  const kind = databaseKind(service.image);
  return kind === null ? null : { kind };
}
import { own } from '../base/values.ts';
