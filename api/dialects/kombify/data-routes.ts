import type {
  BackupFilter,
  BackupReference,
  BackupView,
  DatabaseView,
  RestoreLook,
} from '../../../reconciler/index.ts';
import { HttpProblem } from '../../http/problem.ts';
import { defineRoute, ok } from '../../http/route.ts';
import type { Route } from '../../http/route.ts';
import { shape } from '../../http/shape.ts';
import {
  backUp,
  lookAtRestore,
  readBackups,
  readDatabases,
  restoreBackup,
  verifyBackup,
} from '../../operations/databases.ts';
import type { ApiDeps } from '../../operations/deps.ts';
import { waitForJob } from '../../operations/plans.ts';
import { WAITED_ANSWERS, toEndedJob } from './ended-job.ts';
import { toJobDetail } from './job-view.ts';
import type { PageQuery } from '../../http/page.ts';
import { ALL_OR_PAGE, pageParameters, takePage } from '../../http/page.ts';
import { answers, listSchema } from './answers.ts';
import { listOf, record, refer } from './schemas.ts';
import { STACK_ID } from './stack-routes.ts';

const TAG = 'Databases';
const TEXT = { type: 'string' };
const COUNT = { type: ['integer', 'null'] };

const PER_PAGE = 50;

const filterQuery = shape<BackupFilter & PageQuery>({
  type: 'object',
  properties: {
    stack: { type: 'string', minLength: 1, description: 'One stack only.' },
    service: { type: 'string', minLength: 1, description: 'One service only.' },
    ...pageParameters(1_000),
  },
});

function filterOf({ stack, service }: BackupFilter & PageQuery): BackupFilter {
  return { ...(stack !== undefined && { stack }), ...(service !== undefined && { service }) };
}

const waitQuery = shape<{ readonly wait?: boolean }>({
  type: 'object',
  properties: { wait: { type: 'boolean', description: 'Answer when the job has ended. Default false.' } },
});

const SERVICE = {
  type: 'string',
  minLength: 1,
  description:
    'Service of a database, or data: `volume:NAME`, `SERVICE:/PATH`. Default: all that the stack has backed up.',
};

const backupBody = shape<{ readonly service?: string }>({
  type: 'object',
  properties: { service: SERVICE },
  additionalProperties: false,
});

interface RestoreBody {
  readonly service?: string;
  readonly file?: string;
  readonly backup_first?: boolean;
  readonly confirm?: boolean;
}

const restoreBody = shape<RestoreBody>({
  type: 'object',
  properties: {
    service: { ...SERVICE, description: 'May be left out for a stack with one thing to restore.' },
    file: { type: 'string', minLength: 1, description: 'Default: the newest that was made on purpose.' },
    backup_first: { type: 'boolean', description: 'Back up what is there before. Default true.' },
    confirm: { type: 'boolean', description: 'A yes to losing what is there. Without it: 409.' },
  },
  additionalProperties: false,
});

const FILE = { type: 'string', minLength: 1, description: 'Default: the newest.' };

const lookBody = shape<{ readonly service: string; readonly file?: string }>({
  type: 'object',
  required: ['service'],
  properties: { service: SERVICE, file: FILE },
  additionalProperties: false,
});

const verifyBody = shape<BackupReference>({
  type: 'object',
  required: ['stack', 'service'],
  properties: { stack: { type: 'string', minLength: 1 }, service: SERVICE, file: FILE },
  additionalProperties: false,
});

const VERIFIED = record({
  stack: TEXT,
  service: TEXT,
  file: TEXT,
  destination: { type: ['string', 'null'] },
  result: { enum: ['whole', 'stored', 'damaged', 'unreadable'] },
  bytes: COUNT,
  message: { type: ['string', 'null'] },
});

const CHANGE = record({
  path: TEXT,
  change: { enum: ['added', 'changed', 'removed'] },
  before: COUNT,
  after: COUNT,
});

const LOOK = record({
  stack: TEXT,
  service: TEXT,
  file: TEXT,
  time: { type: 'string', format: 'date-time' },
  stops: listOf(TEXT),
  note: { type: ['string', 'null'] },
  data: {
    anyOf: [
      { type: 'null' },
      record({
        added: { type: 'integer' },
        changed: { type: 'integer' },
        removed: { type: 'integer' },
        same: { type: 'integer' },
        bytes_before: { type: 'integer' },
        bytes_after: { type: 'integer' },
        changes: listOf(CHANGE),
      }),
    ],
  },
});

const DATABASE = record({
  stack: TEXT,
  service: TEXT,
  node: TEXT,
  kind: { enum: ['postgres', 'mysql', 'mongodb', 'redis'] },
  image: TEXT,
  status: TEXT,
  connections: COUNT,
  error: { type: ['string', 'null'] },
  databases: listOf(record({ name: TEXT, size_bytes: COUNT, connections: COUNT })),
});

const BACKUP = record({
  stack: TEXT,
  service: TEXT,
  file: TEXT,
  location: TEXT,
  sha256: TEXT,
  time: { type: 'string', format: 'date-time' },
  size_bytes: { type: 'integer' },
  before_restore: { type: 'boolean' },
  kind: { enum: ['database', 'data'] },
  destination: { type: ['string', 'null'] },
  encrypted: { type: 'boolean' },
});

export const dataRoutes: readonly Route<ApiDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/databases',
    id: 'listDatabases',
    tag: TAG,
    summary: 'Databases of stacks, asked now',
    description: ALL_OR_PAGE,
    access: 'viewer',
    query: filterQuery,
    responses: { 200: answers('By stack and service.', listSchema('databases', DATABASE)) },
    async handle({ query, signal }, deps: ApiDeps) {
      const { items, pagination } = takePage(
        await readDatabases(deps, filterOf(query), signal),
        query,
        PER_PAGE,
      );
      return ok({ databases: items.map(toDatabase), pagination });
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/backups',
    id: 'listBackups',
    tag: TAG,
    summary: 'Backups of databases, volumes and directories',
    description:
      'Also those of stacks that are gone. Complete ones only. All of them, unless a page is asked for.',
    access: 'viewer',
    query: filterQuery,
    responses: {
      200: answers(
        'By stack and service, the newest first.',
        record({
          backups: listOf(BACKUP),
          pagination: refer('Pagination'),
          failures: listOf(record({ stack: TEXT, service: TEXT, message: TEXT })),
        }),
      ),
    },
    async handle({ query, signal }, deps: ApiDeps) {
      const { backups, failures } = await readBackups(deps, filterOf(query), signal);
      const { items, pagination } = takePage(backups, query, PER_PAGE);
      return ok({ backups: items.map(toBackup), pagination, failures });
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/stacks/:id/backup',
    id: 'backUpStack',
    tag: TAG,
    summary: 'Back up databases, volumes and directories of a stack',
    access: 'deployer',
    params: STACK_ID,
    query: waitQuery,
    body: { json: backupBody },
    responses: { 200: answers('The job; ended when waited for.', refer('JobDetail')), ...WAITED_ANSWERS },
    async handle({ params, query, body, identity: actor, signal }, deps: ApiDeps) {
      const { id } = backUp(deps, { stack: params['id'] ?? '', actor, ...body });
      if (query.wait === true) return ok(toEndedJob(await waitForJob(deps, id, signal)));
      return ok(toJobDetail(deps.reconciler.getJob(id)));
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/stacks/:id/restore',
    id: 'restoreStack',
    tag: TAG,
    summary: 'Put a backup in the place of what a database, a volume or a directory holds',
    description: 'Verifies the backup and backs up what is there first.',
    access: 'deployer',
    params: STACK_ID,
    query: waitQuery,
    body: { json: restoreBody },
    responses: {
      200: answers('The job; ended when waited for.', refer('JobDetail')),
      ...WAITED_ANSWERS,
    },
    async handle({ params, query, body, identity: actor, signal }, deps: ApiDeps) {
      const { confirm = false, backup_first: backupFirst = true, ...what } = body;
      if (!confirm)
        throw new HttpProblem('CONFLICT', 'a restore replaces what is there: ask again with confirm', {
          reason: 'CONFIRMATION_REQUIRED',
        });
      const { id } = restoreBackup(deps, { stack: params['id'] ?? '', actor, backupFirst, ...what });
      if (query.wait === true) return ok(toEndedJob(await waitForJob(deps, id, signal)));
      return ok(toJobDetail(deps.reconciler.getJob(id)));
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/stacks/:id/restore/look',
    id: 'lookAtRestore',
    tag: TAG,
    summary: 'What a restore would change',
    description:
      'Verifies the backup, compares it with what is there, and changes nothing. The first 500 changes are named.',
    access: 'deployer',
    params: STACK_ID,
    body: { json: lookBody },
    responses: { 200: answers('The differences; of a database in words.', LOOK) },
    async handle({ params, body, signal }, deps: ApiDeps) {
      const look = await lookAtRestore(deps, { stack: params['id'] ?? '', ...body }, signal);
      return ok(toLook(look));
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/backups/verify',
    id: 'verifyBackup',
    tag: TAG,
    summary: 'Read a backup to its end',
    description:
      'Every byte is held against what was written, and against what was read when it was made. Also those of stacks that are gone.',
    access: 'deployer',
    body: { json: verifyBody },
    responses: { 200: answers('What became of it.', VERIFIED) },
    async handle({ body, signal }, deps: ApiDeps) {
      return ok(await verifyBackup(deps, body, signal));
    },
  }),
];

function toLook({ data, ...look }: RestoreLook) {
  if (data === null) return { ...look, data };
  const { bytesBefore, bytesAfter, ...counts } = data;
  return { ...look, data: { ...counts, bytes_before: bytesBefore, bytes_after: bytesAfter } };
}

function toDatabase({ databases, ...server }: DatabaseView) {
  const sizes = databases.map(({ name, sizeBytes, connections }) => ({
    name,
    size_bytes: sizeBytes,
    connections,
  }));
  return { ...server, databases: sizes };
}

function toBackup({ sizeBytes, beforeRestore, ...backup }: BackupView) {
  return { ...backup, size_bytes: sizeBytes, before_restore: beforeRestore };
}
