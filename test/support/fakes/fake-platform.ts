import { ReconcilerError } from '../../../reconciler/base/errors.ts';
import type { BuildOperations } from '../../../reconciler/public/builds.ts';
import type { CatalogueOperations } from '../../../reconciler/public/catalogue.ts';
import type { ClusterOperations } from '../../../reconciler/public/clusters.ts';
import type { DiagnosticsOperations } from '../../../reconciler/public/diagnostics.ts';
import type { ImportOperations } from '../../../reconciler/public/imports.ts';
import type { ChannelOperations, NoticeOperations } from '../../../reconciler/public/notices.ts';
import type { InventoryOperations } from '../../../reconciler/public/inventory.ts';
import type { RegistryOperations } from '../../../reconciler/public/registries.ts';
import { summariseWorkflow } from '../../../reconciler/config/workflow/workflow.ts';
import type { StackView } from '../../../reconciler/public/reconciler.ts';
import type { AdoptionOperations } from '../../../reconciler/public/adopt/adoptions.ts';
import { createFakeAdoptions } from './adopt/fake-adoptions.ts';
import type { DraftOperations } from '../../../reconciler/public/files/drafts.ts';
import type { FileOperations } from '../../../reconciler/public/files/files.ts';
import type { GivenSecretOperations } from '../../../reconciler/public/given-secrets.ts';
import type { WorkflowOperations } from '../../../reconciler/public/workflows.ts';
import { createDiagnosticsOperations } from '../../../reconciler/run/operations/diagnostics.ts';
import { createFakeCatalogue } from './fake-catalogue.ts';
import { createFakeClusters } from './fake-clusters.ts';
import { createFakeFiles } from './files/fake-files.ts';
import { createFakeInventory } from './fake-inventory.ts';
import { createFakeImports } from './fake-imports.ts';
import { createFakeRegistries } from './fake-registries.ts';

const NO_NOTICES: NoticeOperations & ChannelOperations = {
  listChannels: () => [],
  testChannel: () => Promise.resolve(0),
  listNotices: () => [],
  countNotices: () => ({ total: 0, unread: 0 }),
  markNotice: () => false,
  markNotices: () => undefined,
  watchNotices: () => ({ [Symbol.dispose]() {} }),
};

interface FakeStacks {
  readonly stacks: ReadonlyMap<string, unknown>;
  readonly viewOf: (name: string) => StackView;
}

/** Catalogue, registries, clusters and an empty inventory in memory; each write is noted. There are no notices. */
export function createFakePlatform(
  note: (write: string) => void,
  { stacks, viewOf }: FakeStacks,
): BuildOperations &
  CatalogueOperations &
  RegistryOperations &
  ClusterOperations &
  InventoryOperations &
  ImportOperations &
  DiagnosticsOperations &
  WorkflowOperations &
  GivenSecretOperations &
  AdoptionOperations &
  FileOperations &
  DraftOperations &
  NoticeOperations &
  ChannelOperations {
  const { inventory, operations } = createFakeInventory();
  return {
    ...operations,
    ...createDiagnosticsOperations({
      inventory,
      stacks: { getStack: viewOf },
      writes: { updateStack: () => Promise.resolve({ commit: 'c0ffee', file: '' }) },
    }),
    ...createFakeCatalogue(),
    ...createFakeRegistries(note),
    ...createFakeClusters(note),
    ...createFakeImports(),
    listWorkflows: () =>
      [...stacks.keys()]
        .sort()
        .map(viewOf)
        .flatMap(({ kind, name, file, document, deployment }) =>
          kind === 'workflow'
            ? [
                {
                  ...summariseWorkflow(document),
                  name,
                  file,
                  deployedAt: deployment?.time ?? null,
                  updatedAt: null,
                },
              ]
            : [],
        ),
    countRuns: () => new Map(),
    giveSecrets: () => () => undefined,
    forgetSecrets: () => undefined,
    ...NO_NOTICES,
    ...createNoBuilds(),
    ...createFakeAdoptions(),
    ...createFakeFiles((stack) => viewOf(stack).document),
  };
}

/** Nothing is built, and nothing was. */
function createNoBuilds(): BuildOperations {
  const unknown = (id: string): never => {
    throw new ReconcilerError('UNKNOWN_BUILD', `there is no build ${id}`);
  };
  return {
    startBuild: () => Promise.reject(new ReconcilerError('BAD_OPTIONS', 'no images are built here')),
    getBuild: unknown,
    listBuilds: () => ({ builds: [], total: 0 }),
    buildLog: unknown,
    followBuild: unknown,
    cancelBuild: async (id) => unknown(id),
  };
}
