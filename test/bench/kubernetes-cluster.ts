import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { findProgram, run } from '../../deploy/demo/processes.ts';
import { asList } from '../../reconciler/base/values.ts';
import { createConnector, startClusterDouble } from '../support/kubernetes/cluster-double.ts';
import { createHand } from '../support/kubernetes/cluster-stack.ts';
import { loadConfig } from '../support/kubernetes/kubernetes-server.ts';
import { startKubernetesSuites } from '../support/kubernetes/kubernetes-suites.ts';

export interface BenchCluster extends AsyncDisposable {
  readonly title: string;
  /** True for a server in a process of its own: the double shares ours, so that its times are ours too. */
  readonly real: boolean;
  /** Path. */
  readonly kubeconfig: string;
  /** Content of `clusters/<name>.yaml`. */
  readonly file: string;
  /** Environment of the peers' processes: with the folder of `KUBEBUILDER_ASSETS` on the path. */
  readonly env: NodeJS.ProcessEnv;
  /** Its version. */
  readonly kubectl: string;
  /** Flags that its `apply` needs here. */
  readonly kubectlFlags: readonly string[];
  createNamespace(name: string): Promise<void>;
  dropNamespace(name: string): Promise<void>;
  /** A server-side apply of a ConfigMap. */
  apply(namespace: string, name: string, data: Readonly<Record<string, string>>): Promise<void>;
  /** ConfigMaps of ours in the namespace. */
  count(namespace: string): Promise<number>;
}

/** Opens what `KUBECONFIG` or `KUBEBUILDER_ASSETS` says, else the double. Rejects when there is no kubectl. */
export async function openBenchCluster(): Promise<BenchCluster> {
  const path = [process.env['KUBEBUILDER_ASSETS'] ?? '', process.env['PATH'] ?? ''];
  const env = { PATH: path.filter((one) => one !== '').join(delimiter) };
  if (findProgram('kubectl') === undefined && path[0] === '')
    throw new Error('there is no kubectl to compare with; put one on the path');
  const suites = await startKubernetesSuites(process.env, { durable: true });
  const double = suites.real === null ? await openDouble() : null;
  const kubeconfig = suites.real?.kubeconfig ?? double?.kubeconfig ?? '';
  const { client } = createConnector(loadConfig(kubeconfig));
  const hand = createHand(client);
  const version = await run('kubectl', ['version', '--client', '-o', 'json'], {
    env: { ...process.env, ...env },
  });
  return {
    title: suites.real?.title ?? 'API double (neither KUBECONFIG nor KUBEBUILDER_ASSETS is set)',
    real: double === null,
    kubeconfig,
    file: double?.file ?? `kubeconfig: ${kubeconfig}\n`,
    env,
    kubectl: /"gitVersion": "([^"]+)"/.exec(version)?.[1] ?? 'of an unknown version',
    // The double has no OpenAPI document to check against.
    kubectlFlags: double === null ? [] : ['--validate=false'],
    async createNamespace(name) {
      await hand.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    },
    async dropNamespace(name) {
      // Going through what is in it would cost the next turn time; a server of ours is gone soon.
      if (suites.real?.shared === true) await hand.remove(`/api/v1/namespaces/${name}`);
    },
    async apply(namespace, name, data) {
      await client.request({
        method: 'PATCH',
        path: `/api/v1/namespaces/${namespace}/configmaps/${name}`,
        query: { fieldManager: 'bench' },
        body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data },
        contentType: 'application/apply-patch+yaml',
        signal: AbortSignal.timeout(60_000),
      });
    },
    async count(namespace) {
      const { items } = await hand.read(`/api/v1/namespaces/${namespace}/configmaps`);
      return (asList(items) ?? []).filter((item) => /"name":"c\d+"/.test(JSON.stringify(item))).length;
    },
    async [Symbol.asyncDispose]() {
      client.close();
      await double?.stop();
      await suites.stop();
    },
  };
}

async function openDouble() {
  const double = await startClusterDouble();
  const directory = await mkdtemp(join(tmpdir(), 'kombinator-bench-'));
  const kubeconfig = join(directory, 'kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'double', cluster: { server: double.api.url, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'nobody', user: {} }],
    contexts: [{ name: 'double', context: { cluster: 'double', user: 'nobody' } }],
    'current-context': 'double',
  };
  await writeFile(kubeconfig, JSON.stringify(config));
  return {
    kubeconfig,
    file: `server: ${double.api.url}\n`,
    async stop() {
      await double[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
