import { asFields } from '../../../../reconciler/base/values.ts';
import type { ApiStore } from '../store.ts';

interface PodUsage {
  readonly cpu: string;
  readonly memory: string;
}

/** Usage of each of two containers by pod, as `namespace/name`; `null`: nothing measures. */
export interface Metrics {
  pods: ReadonlyMap<string, PodUsage> | null;
}

/** Answers for `namespaces/NAMESPACE/pods`, or one of them. */
export function podMetrics(
  store: ApiStore,
  measured: ReadonlyMap<string, PodUsage>,
  url: URL,
  [namespace = '', , name]: readonly string[],
): unknown {
  const kind = store.kinds.find((one) => one.kind === 'Pod');
  if (kind === undefined) throw new Error('no pods');
  const wanted = (url.searchParams.get('labelSelector') ?? '').split(',').filter((one) => one !== '');
  const items = [...measured].flatMap(([key, usage]) => {
    const [inside = '', pod = ''] = key.split('/');
    if (inside !== namespace || (name !== undefined && name !== pod)) return [];
    const metadata = asFields(store.get({ kind, namespace, name: pod })['metadata']);
    const labels = Object.entries(asFields(metadata?.['labels']) ?? {}).map(
      ([label, value]) => `${label}=${String(value)}`,
    );
    if (!wanted.every((one) => labels.includes(one))) return [];
    return [
      {
        metadata: { name: pod, namespace },
        containers: [
          { name: 'c', usage },
          { name: 'd', usage },
        ],
      },
    ];
  });
  return name === undefined ? { kind: 'PodMetricsList', items } : items[0];
}
