import type { DockerConnection } from '../../model/target.ts';
import type { AdapterOptions } from './adapter.ts';
import { createDialer } from './engine/connection.ts';
import { createEngine } from './engine/create-engine.ts';
import type { DockerTarget } from './target.ts';
import { createEngineTarget } from './target.ts';
import { createTransport } from './engine/transport.ts';

export { createDockerInstances } from './instances/backend.ts';

export interface DockerTargetOptions extends AdapterOptions {
  readonly connection: DockerConnection;
  /** Variables in which `DOCKER_HOST`, `SSH_AUTH_SOCK` and `KOMBINATOR_KNOWN_HOSTS` are looked up. Default: the process's own. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/**
 * A Docker Engine as a target: local socket, TCP (with TLS) or SSH. Connects when first used; `Symbol.asyncDispose` closes every connection.
 * Throws BAD_OPTIONS when `DOCKER_HOST` cannot be understood.
 */
export function createDockerTarget(options: DockerTargetOptions): DockerTarget {
  const { connection, environment = process.env, ...rest } = options;
  const transport = createTransport(createDialer(connection, environment));
  return createEngineTarget({ ...rest, engine: createEngine(transport), close: () => transport.close() });
}
