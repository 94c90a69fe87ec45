import type { StackView } from '../../reconciler/index.ts';
import type { ApiDeps } from './deps.ts';

export type DatabaseKind = 'postgres' | 'mysql' | 'mongodb' | 'redis';

export interface DatabaseView {
  readonly stack: string;
  readonly service: string;
  readonly kind: DatabaseKind;
  readonly image: string;
  readonly node: string;
  readonly status: string;
}

/** By the last part of an image's name. */
const KINDS: Readonly<Record<string, DatabaseKind>> = {
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

/** Services of all stacks that run a database, by stack and service. */
export function listDatabases({ reconciler }: ApiDeps): readonly DatabaseView[] {
  return reconciler.listStacks().flatMap(databasesOf);
}

/** What kind of database an image holds, `null` when none that is known. */
export function databaseKind(image: string): DatabaseKind | null {
  const name = image.split('@', 1)[0]?.split('/').at(-1)?.split(':', 1)[0] ?? '';
  return KINDS[name] ?? null;
}

function databasesOf({ name: stack, services }: StackView): DatabaseView[] {
  return services.flatMap(({ name: service, image, node, health: status }) => {
    const kind = databaseKind(image);
    return kind === null ? [] : [{ stack, service, kind, image, node, status }];
  });
}
