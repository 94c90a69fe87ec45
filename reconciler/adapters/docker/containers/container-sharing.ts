import type { ContainerInspectInfo } from 'dockerode';
import type { ContainerSpec } from '../../../model/docker/docker-spec.ts';
import { ReconcilerError } from '../../../base/errors.ts';
import type { JsonObject } from '../../../base/json.ts';
import type { Engine } from '../engine/engine.ts';

/*
 * Namespaces that one container shares with another. The spec names the other one; the engine is given its id, because
 * a container of the same name that is made later has other namespaces.
 */

const PREFIX = 'container:';
const MODES = [
  { key: 'networkMode', hostKey: 'NetworkMode' },
  { key: 'ipc', hostKey: 'IpcMode' },
  { key: 'pid', hostKey: 'PidMode' },
] as const;

/** The spec with ids in place of names. Throws TARGET_ERROR (retryable) when there is no such container. */
export async function withSharedIds(
  engine: Engine,
  spec: ContainerSpec,
  signal: AbortSignal,
): Promise<ContainerSpec> {
  let result = spec;
  for (const { key } of MODES) {
    const name = sharedName(spec[key]);
    if (name === undefined) continue;
    const other = await engine.inspectContainer(name, signal);
    if (other === null) {
      const message = `${spec.name} shares with container ${name}, which does not exist`;
      throw new ReconcilerError('TARGET_ERROR', message, { retryable: true });
    }
    result = { ...result, [key]: `${PREFIX}${other.Id}` };
  }
  return result;
}

/** Reads, for each namespace whose container is another one by now, what it is shared with instead. */
export async function readStaleSharing(
  engine: Engine,
  inspect: ContainerInspectInfo,
  created: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<JsonObject> {
  const stale: Record<string, string> = {};
  for (const { key, hostKey } of MODES) {
    const name = sharedName(created[key]);
    if (name === undefined) continue;
    const other = await engine.inspectContainer(name, signal);
    const live = inspect.HostConfig[hostKey] ?? '';
    if (live === `${PREFIX}${other?.Id}`) continue;
    stale[key] = live.slice(0, PREFIX.length + 12);
  }
  return stale;
}

function sharedName(mode: unknown): string | undefined {
  return typeof mode === 'string' && mode.startsWith(PREFIX) ? mode.slice(PREFIX.length) : undefined;
}
