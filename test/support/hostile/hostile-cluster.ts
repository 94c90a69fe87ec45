import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, request as sendRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { createApiClient } from '../../../reconciler/adapters/kubernetes/api/client.ts';
import { createClusterTarget } from '../../../reconciler/adapters/kubernetes/target.ts';
import { realClock, silentLogger } from '../docker/target-options.ts';
import { CLUSTER } from '../kubernetes/cluster-stack.ts';

/*
 * A cluster that means harm: it stands in front of one that does not, passes on what it is asked, and answers some requests as a test makes it.
 */

/** Answers a request, or returns `false` to have it passed on. */
export type Interfere = (request: IncomingMessage, response: ServerResponse) => boolean;

/** @param url of the cluster behind it; without one nothing is passed on */
export async function startHostileCluster(interfere: Interfere, url = 'http://127.0.0.1:9') {
  const server = createServer((request, response) => {
    if (interfere(request, response)) return;
    const onward = sendRequest(new URL(request.url ?? '/', url), {
      method: request.method ?? 'GET',
      headers: request.headers,
    });
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      response.flushHeaders();
      answer.on('error', () => response.destroy()).pipe(response);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const config = new KubeConfig();
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  config.loadFromClusterAndUser({ name: 'c', server: address, skipTLSVerify: true }, { name: 'u' });
  const client = createApiClient({ loadConfig: async () => config, timeoutMs: 5_000 });
  const target = createClusterTarget({ name: CLUSTER, client, clock: realClock, logger: silentLogger });
  return {
    target,
    client,
    async [Symbol.asyncDispose]() {
      await target[Symbol.asyncDispose]();
      server.closeAllConnections();
      server.close();
    },
  };
}
