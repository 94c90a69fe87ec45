import { defineRoute } from '../../http/route.ts';
import type { Reply, Route } from '../../http/route.ts';
import { readBackups, readDatabases } from '../../operations/databases.ts';
import type { ApiDeps } from '../../operations/deps.ts';
import { readHealth } from '../../operations/health.ts';
import { listTags } from '../../operations/tags.ts';
import { formatBackups, formatDatabases } from '../../text/databases.ts';
import { TAG_HEADER, toTagRow } from '../../text/tags.ts';
import { formatTable, toPlainText } from '../../text/table.ts';
import { toBackup, toDatabase } from './database-view.ts';
import { success } from './envelope.ts';
import { DATA, succeeds } from './schemas.ts';

/** Version of the API that this dialect speaks. */
const API_VERSION = '1.0.0';

export const infoRoutes: readonly Route<ApiDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/',
    id: 'getKomposeInfo',
    tag: 'System',
    summary: 'What there is',
    access: 'open',
    responses: { 200: succeeds('Where everything is.', DATA.info) },
    handle: () =>
      success('Welcome to Kompose API', {
        name: 'Kompose REST API',
        version: API_VERSION,
        endpoints: {
          health: '/api/health',
          stacks: '/api/stacks',
          database: '/api/db',
          tags: '/api/tag',
        },
        documentation: '/api/openapi.json',
      }),
  }),
  defineRoute({
    method: 'GET',
    path: '/health',
    id: 'getKomposeHealth',
    tag: 'System',
    summary: 'Whether the API answers',
    access: 'open',
    responses: { 200: succeeds('It does.', DATA.health) },
    handle: (_, deps: ApiDeps) => {
      const { status, version, uptimeMs, checks } = readHealth(deps);
      const seconds = Math.floor(uptimeMs / 1_000);
      return success('API is healthy', {
        version: API_VERSION,
        server: 'kompose-api',
        uptime: `${seconds} seconds`,
        uptime_seconds: seconds,
        kombinator: { version, status, checks },
      });
    },
  }),
];

export const listRoutes: readonly Route<ApiDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/db/status',
    id: 'getKomposeDatabases',
    tag: 'Databases',
    summary: 'Databases of all stacks',
    access: 'viewer',
    responses: { 200: succeeds('As a table, and as data.', DATA.dbStatus) },
    handle: ({ signal }, deps: ApiDeps) => showDatabases(deps, signal),
  }),
  defineRoute({
    method: 'GET',
    path: '/db/list',
    id: 'listKomposeBackups',
    tag: 'Databases',
    summary: 'Backups of databases',
    access: 'viewer',
    responses: { 200: succeeds('As a table, and as data.', DATA.dbList) },
    handle: ({ signal }, deps: ApiDeps) => showBackups(deps, signal),
  }),
  defineRoute({
    method: 'GET',
    path: '/tag/list',
    id: 'listKomposeTags',
    tag: 'Tags',
    summary: 'Deployment tags of both schemes',
    access: 'viewer',
    responses: { 200: succeeds('As a table, and as data.', DATA.tags) },
    handle: (_, deps: ApiDeps) => showTags(deps),
  }),
];

async function showDatabases(deps: ApiDeps, signal: AbortSignal): Promise<Reply> {
  const databases = await readDatabases(deps, {}, signal);
  return success('Database status retrieved', {
    output: formatDatabases(databases),
    databases: databases.map(toDatabase),
  });
}

async function showBackups(deps: ApiDeps, signal: AbortSignal): Promise<Reply> {
  const { backups: all, failures } = await readBackups(deps, {}, signal);
  const backups = all.filter(({ kind }) => kind === 'database');
  const list = { backups, failures };
  return success('Database backups listed', {
    backups: formatBackups(list),
    files: backups.map(toBackup),
    failures,
  });
}

async function showTags(deps: ApiDeps): Promise<Reply> {
  const items = await listTags(deps);
  const rows = items.map(toTagRow);
  const table = formatTable(TAG_HEADER, rows);
  const tags = rows.length === 0 ? 'There are no deployment tags.\n' : toPlainText(`${table}\n`);
  return success('Tags listed', { tags, items });
}
