import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asFields, asList, asString } from '../../../reconciler/base/values.ts';
import { openRealCluster, startClusterDouble } from './cluster-double.ts';
import type { Hand } from './cluster-stack.ts';
import { createHand } from './cluster-stack.ts';
import { playControllers } from './kubernetes-controllers.ts';
import { DEFAULT_CLASS } from './rules.ts';
import type { RealKubernetes } from './kubernetes-suites.ts';

/** A cluster that the daemon of a test deploys to. */
export interface WorkflowCluster extends AsyncDisposable {
  readonly hand: Hand;
  /** Content of `clusters/<name>.yaml`. */
  readonly file: string;
  /** The text of a workflow as it can run here: with an image that is here, and no probe of a page that it does not have. */
  adapt(workflow: string): string;
}

/** The double, with its controllers played. */
export async function startWorkflowDouble(storage?: 'default class'): Promise<WorkflowCluster> {
  const double = await startClusterDouble(storage);
  const stop = playControllers(double.api);
  return {
    hand: createHand(double.client),
    file: `server: ${double.api.url}\n`,
    adapt: (workflow) => workflow,
    async [Symbol.asyncDispose]() {
      stop();
      await double[Symbol.asyncDispose]();
    },
  };
}

/**
 * A cluster with nodes. Where it has no default storage class, a volume on the node is made for one claim of 1Gi.
 *
 * @param namespace taken away in the end
 * @param claim the claim that needs a volume
 */
export async function openWorkflowCluster(
  real: RealKubernetes,
  namespace: string,
  claim: string,
): Promise<WorkflowCluster> {
  const cluster = openRealCluster(real);
  const hand = createHand(cluster.client);
  const volume = await makeVolume(hand, namespace, claim);
  const image = await findImage(hand);
  return {
    hand,
    file: `kubeconfig: ${real.kubeconfig}\n`,
    adapt: (workflow) =>
      workflow.replace(/image: \S+/g, `image: "${image}"`).replace(/^ *readinessProbe:.*\n/gm, ''),
    async [Symbol.asyncDispose]() {
      await hand.remove(`/api/v1/namespaces/${namespace}`).catch(() => undefined);
      if (volume !== null) await hand.remove(volume).catch(() => undefined);
      await cluster[Symbol.asyncDispose]();
    },
  };
}

/** Tells whether claims that name no class are given one. */
export async function hasDefaultClass(hand: Hand): Promise<boolean> {
  const { items } = await hand.read('/apis/storage.k8s.io/v1/storageclasses');
  return (asList(items) ?? []).some((item) => {
    const annotations = asFields(asFields(asFields(item)?.['metadata'])?.['annotations']);
    return annotations?.[DEFAULT_CLASS] === 'true';
  });
}

/** @returns its path; `null` where the cluster has a default class, which makes its own */
export async function makeVolume(hand: Hand, namespace: string, claim: string): Promise<string | null> {
  if (await hasDefaultClass(hand)) return null;
  const name = `kombinator-test-${randomBytes(4).toString('hex')}`;
  await hand.create('/api/v1/persistentvolumes', {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name, labels: { 'kombinator.io/test': 'true' } },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      claimRef: { namespace, name: claim },
      hostPath: { path: join(tmpdir(), name), type: 'DirectoryOrCreate' },
    },
  });
  return `/api/v1/persistentvolumes/${name}`;
}

/** One that only sleeps: every node has such a one for its sandboxes. */
async function findImage(hand: Hand): Promise<string> {
  const { items } = await hand.read('/api/v1/nodes');
  const names = (asList(items) ?? []).flatMap((node) =>
    (asList(asFields(asFields(node)?.['status'])?.['images']) ?? []).flatMap(
      (image) => asList(asFields(image)?.['names'])?.map((name) => asString(name) ?? '') ?? [],
    ),
  );
  const found = names.find((name) => /\/pause:[^@]+$/.test(name));
  return found ?? 'registry.k8s.io/pause:3.10';
}
