import type { AdoptionPreview, ProjectView, Reconciler } from '../../../reconciler/index.ts';
import { planOf } from '../cli/cli-harness.ts';
import { projectOf } from '../fakes/adopt/host.ts';

function project(name: string, services: readonly string[], more: Partial<ProjectView> = {}): ProjectView {
  return {
    ...projectOf([...services], { name, directory: `/home/ada/stacks/${name}` }),
    node: null,
    adoptedBy: null,
    ...more,
  };
}

const VAULT = project('vaultwarden', ['vaultwarden']);
const PROJECTS = [
  VAULT,
  project('paperless', ['broker', 'db', 'webserver']),
  project('shop', ['cache', 'db', 'web'], { stack: 'shop', adoptedBy: 'shop' }),
];

const PREVIEW: AdoptionPreview = {
  stack: VAULT.name,
  project: VAULT,
  files: [],
  notes: [
    { kind: 'content', path: '.env', message: '' },
    { kind: 'content', path: 'compose.yaml', message: '' },
    { kind: 'secret', path: 'secrets/ADMIN_TOKEN.age', message: 'ADMIN_TOKEN of .env' },
    { kind: 'data', path: 'data', message: '' },
  ],
  plan: planOf(VAULT.name),
  diagnostics: [],
  policy: '',
};

/** Three Compose projects on the machine, one of which is a stack. */
export const ADOPTIONS: Pick<Reconciler, 'listProjects' | 'previewAdoption' | 'adopt'> = {
  listProjects: () => Promise.resolve({ projects: PROJECTS, unreachable: [] }),
  previewAdoption: () => Promise.resolve(PREVIEW),
  adopt: ({ project: stack }) =>
    Promise.resolve({
      stack,
      commit: '4be1d20f7c0e9d2a8b5c3f6e1d0a9b8c7d6e5f4a',
      file: `kombinations/${stack}/kombination.yaml`,
    }),
};
