import type { AdoptionOperations } from '../../../../reconciler/public/adopt/adoptions.ts';
import { ReconcilerError } from '../../../../reconciler/index.ts';

/** No Compose project runs anywhere. */
export function createFakeAdoptions(): AdoptionOperations {
  const unknown = (project: string) =>
    Promise.reject(new ReconcilerError('UNKNOWN_PROJECT', `there is no Compose project ${project}`));
  return {
    listProjects: () => Promise.resolve({ projects: [], unreachable: [] }),
    previewAdoption: ({ project }) => unknown(project),
    adopt: ({ project }) => unknown(project),
    release: (stack) => Promise.reject(new ReconcilerError('UNKNOWN_STACK', `there is no stack ${stack}`)),
  };
}
