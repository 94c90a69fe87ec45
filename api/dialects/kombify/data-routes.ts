import type { BackupFilter, BackupView, DatabaseView } from '../../../reconciler/index.ts';
import { HttpProblem } from '../../http/problem.ts';
import { defineRoute, ok } from '../../http/route.ts';
import type { Route } from '../../http/route.ts';
import { shape } from '../../http/shape.ts';
import { backUp, readBackups, readDatabases, restoreBackup } from '../../operations/databases.ts';
import type { ApiDeps } from '../../operations/deps.ts';
import { waitForJob } from '../../operations/plans.ts';
import { WAITED_ANSWERS, toEndedJob } from './ended-job.ts';
import { toJobDetail } from './job-view.ts';
import { answers } from './answers.ts';
import { listOf, record, refer } from './schemas.ts';
import { STACK_ID } from './stack-routes.ts';

const TAG = 'Databases';
const TEXT = { type: 'string' };
const COUNT = { type: ['integer', 'null'] };

const filterQuery = shape<BackupFilter>({
  type: 'object',
  properties: {
    stack: { type: 'string', minLength: 1, description: 'One stack only.' },
    service: { type: 'string', minLength: 1, description: 'One service only.' },
  },
});

const waitQuery = shape<{ readonly wait?: boolean }>({
  type: 'object',
  properties: { wait: { type: 'boolean', description: 'Answer when the job has ended. Default false.' } },
});

const SERVICE = { type: 'string', minLength: 1, description: 'Default: every database of the stack.' };

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
    service: { ...SERVICE, description: 'May be left out for a stack with one database.' },
    file: { type: 'string', minLength: 1, description: 'Default: the newest that was made on purpose.' },
    backup_first: { type: 'boolean', description: 'Back up what is there before. Default true.' },
    confirm: { type: 'boolean', description: 'A yes to losing what is there. Without it: 409.' },
  },
  additionalProperties: false,
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
});

export const dataRoutes: readonly Route<ApiDeps>[] = [
  defineRoute({
    method: 'GET',
    path: '/databases',
    id: 'listDatabases',
    tag: TAG,
    summary: 'Databases of stacks, asked now',
    access: 'viewer',
    query: filterQuery,
    responses: { 200: answers('By stack and service.', record({ databases: listOf(DATABASE) })) },
    async handle({ query, signal }, deps: ApiDeps) {
      return ok({ databases: (await readDatabases(deps, query, signal)).map(toDatabase) });
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/backups',
    id: 'listBackups',
    tag: TAG,
    summary: 'Backups of databases',
    description: 'Also those of stacks that are gone. Complete ones only.',
    access: 'viewer',
    query: filterQuery,
    responses: {
      200: answers(
        'By stack and service, the newest first.',
        record({
          backups: listOf(BACKUP),
          failures: listOf(record({ stack: TEXT, service: TEXT, message: TEXT })),
        }),
      ),
    },
    async handle({ query, signal }, deps: ApiDeps) {
      const { backups, failures } = await readBackups(deps, query, signal);
      return ok({ backups: backups.map(toBackup), failures });
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/stacks/:id/backup',
    id: 'backUpStack',
    tag: TAG,
    summary: 'Back up the databases of a stack',
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
    summary: 'Put a backup in the place of what a database holds',
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
        throw new HttpProblem(
          'CONFLICT',
          'a restore replaces what the database holds: ask again with confirm',
          {
            reason: 'CONFIRMATION_REQUIRED',
          },
        );
      const { id } = restoreBackup(deps, { stack: params['id'] ?? '', actor, backupFirst, ...what });
      if (query.wait === true) return ok(toEndedJob(await waitForJob(deps, id, signal)));
      return ok(toJobDetail(deps.reconciler.getJob(id)));
    },
  }),
];

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
