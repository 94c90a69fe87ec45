import { KubeConfig } from '@kubernetes/client-node';
import { createConnector, startClusterDouble } from '../support/cluster-double.ts';
import { describeClusterContract } from './cluster.ts';

describeClusterContract('API double', startClusterDouble);

const file = process.env['KUBECONFIG'];
if (file !== undefined && file !== '') {
  describeClusterContract(`real API server of ${file}`, async () => {
    const config = new KubeConfig();
    config.loadFromFile(file);
    const connector = createConnector(config);
    return { ...connector, [Symbol.asyncDispose]: async () => connector.client.close() };
  });
}
