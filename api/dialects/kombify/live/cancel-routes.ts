import { defineRoute } from '../../../http/route.ts';
import type { Route } from '../../../http/route.ts';
import type { ApiDeps } from '../../../operations/deps.ts';
import { answers } from '../answers.ts';
import { toJob } from '../job-view.ts';
import { refer } from '../schemas.ts';

export const cancelRoutes: readonly Route<ApiDeps>[] = [
  defineRoute({
    method: 'POST',
    path: '/jobs/:id/cancel',
    id: 'cancelJob',
    tag: 'Jobs',
    summary: 'Call a job off',
    description:
      'A queued one does not begin; one that runs ends at the next step boundary, and a replacement that is not well yet makes room for what it replaces. The stack is then left as it is, until it is applied or described otherwise. Backups, restores and the like are carried through (400).',
    access: 'deployer',
    params: { id: 'Id of the job.' },
    responses: {
      202: answers('The job as it stands; it ends soon.', refer('Job')),
      404: answers('There is no such job.', refer('Error')),
      409: answers('It has ended.', refer('Error')),
    },
    handle: ({ params, identity }, { reconciler }: ApiDeps) => ({
      kind: 'json',
      status: 202,
      body: toJob(reconciler.cancelJob(params['id'] ?? '', identity)),
    }),
  }),
];
