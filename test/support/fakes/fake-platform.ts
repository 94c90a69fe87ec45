import type { CatalogueOperations } from '../../../reconciler/public/catalogue.ts';
import type { ClusterOperations } from '../../../reconciler/public/clusters.ts';
import type { RegistryOperations } from '../../../reconciler/public/registries.ts';
import { createFakeCatalogue } from './fake-catalogue.ts';
import { createFakeClusters } from './fake-clusters.ts';
import { createFakeRegistries } from './fake-registries.ts';

/** Catalogue, registries and clusters in memory; each write is noted. */
export function createFakePlatform(
  note: (write: string) => void,
): CatalogueOperations & RegistryOperations & ClusterOperations {
  return { ...createFakeCatalogue(), ...createFakeRegistries(note), ...createFakeClusters(note) };
}
