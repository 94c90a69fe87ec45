import type { KubernetesApi } from './kubernetes-api.ts';
import type { Members } from './field-set.ts';
import { isMembers, textOf } from './field-set.ts';

/** Plays the controllers of a cluster on the double: workloads come up at once, claims are bound. */
export function playControllers({ store }: KubernetesApi): () => void {
  return store.onEvent(({ type, kind, object }) => {
    if (type === 'DELETED') return;
    const metadata = isMembers(object['metadata']) ? object['metadata'] : {};
    const { name, namespace, generation } = metadata;
    const status = statusOf(kind.kind, isMembers(object['spec']) ? object['spec'] : {}, generation ?? 0);
    if (!status || JSON.stringify(object['status']) === JSON.stringify(status)) return;
    queueMicrotask(() => {
      try {
        store.write(
          { kind, name: textOf(name), namespace: textOf(namespace) },
          { status },
          { manager: 'kube-controller-manager', dryRun: false, how: 'merge', subresource: 'status' },
        );
      } catch {
        // Deleted in the meantime.
      }
    });
  });
}

function statusOf(kind: string, spec: Members, generation: Members[string]): Members | null {
  const replicas = typeof spec['replicas'] === 'number' ? spec['replicas'] : 1;
  switch (kind) {
    case 'Deployment':
      return {
        observedGeneration: generation,
        replicas,
        updatedReplicas: replicas,
        availableReplicas: replicas,
      };
    case 'StatefulSet':
      return { observedGeneration: generation, replicas, readyReplicas: replicas, updatedReplicas: replicas };
    case 'PersistentVolumeClaim':
      return { phase: 'Bound' };
    default:
      return null;
  }
}
