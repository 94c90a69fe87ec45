import { expect, it } from 'vitest';
import type { ApiRequest } from '../../../reconciler/adapters/kubernetes/api/client.ts';
import type { Cluster } from '../../../reconciler/adapters/kubernetes/cluster.ts';
import type { KindInfo } from '../../../reconciler/adapters/kubernetes/api/discovery.ts';
import { dryRunUpdate } from '../../../reconciler/adapters/kubernetes/dry-run.ts';
import type { LiveObject } from '../../../reconciler/adapters/kubernetes/cache/live-object.ts';
import { strip, toWire } from '../../../reconciler/adapters/kubernetes/cache/live-object.ts';
import type { JsonObject } from '../../../reconciler/base/json.ts';
import { WEB } from '../../support/kubernetes/cluster-nodes.ts';
import { renderText, workflow } from '../../support/kubernetes/workflow-texts.ts';

const REVISION = 'deployment.kubernetes.io/revision';
const KIND: KindInfo = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  plural: 'deployments',
  namespaced: true,
  managed: true,
};

/** A server where a controller writes to the object right after each of the first dry runs. */
function startServer(stored: JsonObject, writes: number) {
  let version = 2;
  const asked: string[] = [];
  const object = (body: JsonObject, written: number): LiveObject => {
    const metadata = body['metadata'] as JsonObject;
    const own = written > 0 ? { [REVISION]: String(written) } : {};
    const annotations = { ...(metadata['annotations'] as JsonObject), ...own };
    const marks = { uid: 'u', resourceVersion: String(version), annotations };
    return { ...body, metadata: { ...metadata, ...marks } } as unknown as LiveObject;
  };
  let written = 0;
  const request = async ({ method, body }: ApiRequest) => {
    asked.push(method);
    if (method === 'GET') return { status: 200, body: object(stored, written) };
    const answer = object(body as JsonObject, written);
    if (written < writes) {
      written += 1;
      version += 1;
    }
    return { status: 200, body: answer };
  };
  const cluster = { client: { request }, dryRuns: new Map() } as unknown as Cluster;
  return { cluster, asked };
}

it.each([
  { writes: 0, asked: ['PATCH', 'GET'] },
  { writes: 2, asked: ['PATCH', 'GET', 'PATCH', 'GET', 'PATCH', 'GET'] },
])('takes nothing for a change of its own that $writes writes came between', async ({ writes, asked }) => {
  const [old, wanted] = ['replicas: 2', 'replicas: 3'].map((replicas) =>
    renderText(workflow([WEB.replace('replicas: 2', replicas)], [], ['namespace: shop'])).find(
      ({ kind }) => kind === 'Deployment',
    ),
  );
  const marks = { stack: 'shop', revision: null, branch: null };
  const stored = toWire(old!, KIND, marks);
  const server = startServer(stored, writes);
  // The known object is older than what the server has.
  const metadata = { ...(stored['metadata'] as JsonObject), uid: 'u', resourceVersion: '1' };
  const live = { ...stored, metadata } as unknown as LiveObject;
  const { signal } = new AbortController();
  const { fields } = await dryRunUpdate(
    server.cluster,
    wanted!,
    { kind: KIND, live, isSameContent: () => false, isScaled: async () => false },
    signal,
  );
  expect(fields).toEqual([{ path: 'spec.replicas', before: 2, after: 3 }]);
  expect(server.asked).toEqual(asked);
});

it('shows nothing of what a server counts in an annotation', () => {
  const annotations = { 'deprecated.daemonset.template.generation': '2', note: 'ours' };
  const object = { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'agent', annotations } };
  expect(strip(object)['metadata']).toEqual({ name: 'agent', annotations: { note: 'ours' } });
});
