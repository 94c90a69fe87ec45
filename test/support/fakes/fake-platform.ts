import type { CatalogueOperations } from '../../../reconciler/public/catalogue.ts';
import type { ClusterOperations } from '../../../reconciler/public/clusters.ts';
import type { RegistryOperations } from '../../../reconciler/public/registries.ts';
import { summariseWorkflow } from '../../../reconciler/config/workflow/workflow.ts';
import type { StackView } from '../../../reconciler/public/reconciler.ts';
import type { WorkflowOperations } from '../../../reconciler/public/workflows.ts';
import { createFakeCatalogue } from './fake-catalogue.ts';
import { createFakeClusters } from './fake-clusters.ts';
import { createFakeRegistries } from './fake-registries.ts';

interface FakeStacks {
  readonly stacks: ReadonlyMap<string, unknown>;
  readonly viewOf: (name: string) => StackView;
}

/** Catalogue, registries and clusters in memory; each write is noted. */
export function createFakePlatform(
  note: (write: string) => void,
  { stacks, viewOf }: FakeStacks,
): CatalogueOperations & RegistryOperations & ClusterOperations & WorkflowOperations {
  return {
    ...createFakeCatalogue(),
    ...createFakeRegistries(note),
    ...createFakeClusters(note),
    listWorkflows: () =>
      [...stacks.keys()]
        .sort()
        .map(viewOf)
        .flatMap(({ kind, name, file, document, deployment }) =>
          kind === 'workflow'
            ? [{ ...summariseWorkflow(document), name, file, deployedAt: deployment?.time ?? null }]
            : [],
        ),
    countRuns: () => new Map(),
  };
}
