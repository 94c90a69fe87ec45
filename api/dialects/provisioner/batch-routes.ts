import { HttpProblem } from '../../http/problem.ts';
import { defineRoute, ok } from '../../http/route.ts';
import type { Route } from '../../http/route.ts';
import { shape } from '../../http/shape.ts';
import type { InstanceDeps } from '../../operations/instances.ts';
import { deleteInstances, getBatchDelete, readInstanceIds } from '../../operations/instances.ts';
import { ANSWERS, answers, fails, refer } from './schemas.ts';
import { toJob } from './view.ts';

const TAG = 'Batch delete';

const batchBody = shape<{ readonly stack_ids?: readonly string[] | null } | null>({
  type: ['object', 'null'],
  properties: {
    stack_ids: { type: ['array', 'null'], items: { type: 'string' }, description: 'At least one.' },
  },
});

export const batchRoutes: readonly Route<InstanceDeps>[] = [
  defineRoute({
    method: 'POST',
    path: '/stacks/batch-delete',
    id: 'batchDeleteStacks',
    tag: TAG,
    summary: 'Removes many stacks in the background',
    description: 'Ids are taken once each. The job goes on after a restart of the server.',
    access: 'deployer',
    body: { json: batchBody, anyType: true },
    responses: {
      202: answers('It will be done.', ANSWERS.job),
      400: fails('The body is not JSON, the list is empty, or an id in it is blank.'),
    },
    handle({ body }, deps: InstanceDeps) {
      const ids = readInstanceIds(body?.stack_ids ?? []);
      if (ids === null) throw new HttpProblem('BAD_REQUEST', 'invalid stack_ids');
      return { kind: 'json', status: 202, body: { job_id: deleteInstances(deps, ids).id } };
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/stacks/batch-delete/:job',
    id: 'getBatchDeleteJob',
    tag: TAG,
    summary: 'How far it is',
    access: 'viewer',
    params: { job: 'Id of the job, such as job-1f0c8a5e2b7d4936.' },
    responses: { 200: answers('Counts, and the first 100 failures.', refer('BatchDeleteJob')) },
    handle: ({ params }, deps: InstanceDeps) => ok(toJob(getBatchDelete(deps, params['job'] ?? ''))),
  }),
];
