import type { RequestListener, Server } from 'node:http';
import { createServer } from 'node:http';
import { answerUpgrades, isSocketRequest } from './sockets/upgrade.ts';

export interface ServerLimits {
  /** Connections at a time; further ones are closed. */
  readonly maxConnections: number;
  /** Time for the head of a request, in milliseconds. */
  readonly headersTimeout: number;
  /** Time for a request with its body, in milliseconds. The answer may take longer. */
  readonly requestTimeout: number;
  /** Time between two looks at these, in milliseconds. */
  readonly connectionsCheckingInterval: number;
}

const LIMITS: ServerLimits = {
  maxConnections: 1_000,
  headersTimeout: 20_000,
  requestTimeout: 60_000,
  connectionsCheckingInterval: 5_000,
};
/** Longer than proxies keep a connection that nobody uses (60 s), in milliseconds: the side that asks closes it, and no request meets a closed one. */
const KEEP_ALIVE_MS = 75_000;

/** A server whose clients, known or not, cannot hold more than a number of connections, nor one of them by saying nothing. */
export function createBoundedServer(handle: RequestListener, limits: ServerLimits = LIMITS): Server {
  const { maxConnections, ...times } = limits;
  const server = createServer(
    { keepAliveTimeout: KEEP_ALIVE_MS, shouldUpgradeCallback: isSocketRequest, ...times },
    handle,
  );
  answerUpgrades(server, handle);
  server.maxConnections = maxConnections;
  return server;
}
