import type { AdoptionOperations, AdoptRequest } from '../../../../reconciler/public/adopt/adoptions.ts';
import { ReconcilerError } from '../../../../reconciler/index.ts';
import { projectOf } from './host.ts';

/** The project `wiki` runs on this machine, and an engine that does not answer. Stacks that were taken over can be given back. */
export function createFakeAdoptions(): AdoptionOperations {
  const wiki = {
    ...projectOf(['web'], { name: 'wiki', directory: '/srv/wiki', files: ['/srv/wiki/compose.yaml'] }),
    node: null,
    adoptedBy: null,
  };
  const adopted = new Set<string>();
  const find = ({ project }: AdoptRequest) => {
    if (project !== wiki.name)
      throw new ReconcilerError('UNKNOWN_PROJECT', `there is no Compose project ${project}`);
    return wiki;
  };
  return {
    listProjects: () =>
      Promise.resolve({ projects: [wiki], unreachable: [{ node: 'far', message: 'it does not answer' }] }),
    async previewAdoption(request) {
      const project = find(request);
      const stack = request.stack ?? project.name;
      return {
        stack,
        project,
        files: [`kombinations/${stack}/kombination.yaml`],
        notes: [{ kind: 'data', path: 'data', message: '' }],
        plan: null,
        diagnostics: [],
        policy: '',
      };
    },
    async adopt(request) {
      const stack = request.stack ?? find(request).name;
      find(request);
      adopted.add(stack);
      return { stack, commit: 'a'.repeat(40), file: `kombinations/${stack}/kombination.yaml` };
    },
    async release(stack) {
      if (!adopted.delete(stack)) throw new ReconcilerError('UNKNOWN_STACK', `there is no stack ${stack}`);
      return { commit: 'b'.repeat(40), file: 'kombinator.yaml' };
    },
  };
}
