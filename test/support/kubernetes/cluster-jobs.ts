import type { KubernetesApi } from './kubernetes-api.ts';
import type { Members } from './field-set.ts';
import { isMembers, textOf } from './field-set.ts';

/** Plays what runs jobs on the double: each has one pod, which ends with 0 at once and has written the lines given. */
export function playJobs({ store, logs }: KubernetesApi, lines: readonly string[] = []): () => void {
  const pods = store.kinds.find(({ kind }) => kind === 'Pod');
  const begun = new Set<string>();
  return store.onEvent(({ type, kind, object }) => {
    if (kind.kind !== 'Job' || !pods) return;
    const metadata = isMembers(object['metadata']) ? object['metadata'] : {};
    const [name, namespace] = [textOf(metadata['name']), textOf(metadata['namespace'])];
    const spec = isMembers(object['spec']) ? object['spec'] : {};
    const place = { kind: pods, namespace, name: `${name}-pod` };
    const by = { manager: 'kube-controller-manager', dryRun: false } as const;
    queueMicrotask(() => {
      try {
        if (type === 'DELETED') return void store.remove(place, { dryRun: false });
        const uid = textOf(metadata['uid']);
        if (spec['suspend'] === true || begun.has(uid)) return;
        begun.add(uid);
        store.write(place, podOf(name, spec), { ...by, how: 'create' });
        logs.set(`${namespace}/${name}-pod/${containerOf(spec)}`, lines);
        logs.set(`${namespace}/${name}-pod/`, lines);
        const status = { succeeded: 1, conditions: [{ type: 'Complete', status: 'True' }] };
        store.write({ kind, namespace, name }, { status }, { ...by, how: 'merge', subresource: 'status' });
      } catch {
        // Deleted in the meantime.
      }
    });
  });
}

function containerOf(spec: Members): string {
  const template = isMembers(spec['template']) ? spec['template'] : {};
  const pod = isMembers(template['spec']) ? template['spec'] : {};
  const [first] = Array.isArray(pod['containers']) ? pod['containers'].filter(isMembers) : [];
  return textOf(first?.['name'] ?? '');
}

function podOf(job: string, spec: Members): Members {
  const state = { terminated: { exitCode: 0 } };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `${job}-pod`, labels: { 'job-name': job } },
    spec: { containers: [{ name: containerOf(spec) }] },
    status: {
      phase: 'Succeeded',
      containerStatuses: [{ name: containerOf(spec), restartCount: 0, state }],
    },
  };
}
