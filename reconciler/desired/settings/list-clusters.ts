import { compareText } from '../../base/values.ts';
import { clusterKey } from '../../config/kombination/cluster-node.ts';
import type { SharedCluster } from '../../ports/desired.ts';
import type { Core } from '../state.ts';

/** Clusters of the operator's configuration, and of the repository such as it does not define. */
export function listClusters({ state, policy }: Core): readonly SharedCluster[] {
  const fixed = [...policy.targets.values()].flatMap(({ reference }): readonly SharedCluster[] =>
    reference.kind === 'kubernetes'
      ? [{ name: reference.name, file: null, reference, labels: {}, isDefault: false }]
      : [],
  );
  const own = [...state.nodes.documents.values()].flatMap((document): readonly SharedCluster[] => {
    if (!('about' in document) || policy.targets.has(clusterKey(document.name))) return [];
    const { name, file, reference, about } = document;
    return [{ name, file, reference, ...about }];
  });
  return [...fixed, ...own].toSorted((a, b) => compareText(a.name, b.name));
}
