import type { Instance } from '../../../pods/instance.ts';
import { recordsOf } from '../../../pods/check-pod.ts';
import { toMilli, toUnits } from '../../../pods/quantity.ts';
import { limitOf } from '../../../pods/sanitize-pod.ts';
import type { Fields } from '../../../base/values.ts';
import { asFields, asList, asString } from '../../../base/values.ts';
import { withoutUndefined } from '../containers/create-options.ts';
import { INSTANCE_LABEL, instanceLabels } from './labels.ts';
import { expandVariables } from './variables.ts';

export interface ContainerInput {
  readonly instance: Pick<Instance, 'id' | 'podId' | 'pod' | 'ports'>;
  readonly container: Fields;
  readonly owner: string;
  /** `container:<id>` of the one that has the network, or the network's name. */
  readonly network: string;
  /** It has the network of the instance, and so its ports. */
  readonly isHolder: boolean;
  readonly isInit: boolean;
  /** Address of the machine at which ports are published. */
  readonly publishAddress: string;
  /** Processes that a container may have. */
  readonly pidsLimit: number;
}

const NANO_PER_MILLI = 1_000_000;
/** Less CPU than this an engine does not give. */
const MIN_CPU_MILLI = 10;

/** Names on the engine; a pod's containers are the only ones of their instance. */
export function containerName({ podId }: Pick<Instance, 'podId'>, container: Fields): string {
  return `${podId}-${asString(container['name']) ?? ''}`;
}

export function volumeName({ id }: Pick<Instance, 'id'>, volume: string): string {
  return `${id}-${volume}`;
}

/**
 * Body of the engine's "create container". Written out member by member: nothing of the description gets into it that is not
 * named here, and what would reach the machine (privileges, capabilities, devices, host namespaces, binds) is never written.
 */
export function buildInstanceContainer(input: ContainerInput): object {
  const { instance, container, owner, isHolder, isInit } = input;
  const env = buildEnvironment(container);
  const expand = (texts: unknown) => textsOf(texts)?.map((text) => expandVariables(text, env));
  const spec = asFields(instance.pod['spec']) ?? {};
  return withoutUndefined({
    Image: asString(container['image']),
    Entrypoint: expand(container['command']),
    Cmd: expand(container['args']),
    Env: [...env].map(([name, value]) => `${name}=${value}`),
    WorkingDir: asString(container['workingDir']),
    Hostname: input.network.startsWith('container:')
      ? undefined
      : (asString(spec['hostname']) ?? instance.podId),
    OpenStdin: container['stdin'] === true,
    StdinOnce: container['stdinOnce'] === true,
    Tty: container['tty'] === true,
    Labels: {
      ...instanceLabels({ id: instance.id, owner, containers: recordsOf(spec['containers']).length }),
      [INSTANCE_LABEL.container]: asString(container['name']) ?? '',
      ...(isInit ? { [INSTANCE_LABEL.init]: 'true' } : {}),
    },
    ExposedPorts: isHolder ? buildExposed(instance) : undefined,
    HostConfig: buildHostConfig(input),
  });
}

function buildHostConfig(input: ContainerInput): object {
  const { instance, container, network, isHolder, publishAddress, pidsLimit } = input;
  const memory = limitOf(container, 'memory');
  const cpu = limitOf(container, 'cpu');
  const bytes = memory === null ? undefined : toUnits(memory);
  return withoutUndefined({
    NetworkMode: network,
    PortBindings: isHolder
      ? Object.fromEntries(
          instance.ports.map(({ containerPort, protocol, nodePort }) => [
            portKey(containerPort, protocol),
            [{ HostIp: publishAddress, HostPort: String(nodePort) }],
          ]),
        )
      : undefined,
    Mounts: buildMounts(instance, container),
    Memory: bytes,
    // Memory and swap together: no swap.
    MemorySwap: bytes,
    NanoCpus: cpu === null ? undefined : Math.max(MIN_CPU_MILLI, toMilli(cpu)) * NANO_PER_MILLI,
    PidsLimit: pidsLimit,
    Privileged: false,
    PublishAllPorts: false,
    SecurityOpt: ['no-new-privileges'],
    IpcMode: 'private',
    RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
    LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '1' } },
  });
}

function buildMounts(instance: Pick<Instance, 'id'>, container: Fields): readonly object[] {
  return recordsOf(container['volumeMounts']).map((mount) => ({
    Type: 'volume',
    Source: volumeName(instance, asString(mount['name']) ?? ''),
    Target: asString(mount['mountPath']),
    ReadOnly: mount['readOnly'] === true,
  }));
}

function buildExposed({ ports }: Pick<Instance, 'ports'>): object {
  return Object.fromEntries(
    ports.map(({ containerPort, protocol }) => [portKey(containerPort, protocol), {}]),
  );
}

function portKey(port: number, protocol: string): string {
  return `${port}/${protocol.toLowerCase()}`;
}

/** All values together, in characters: a system starts no program with more. */
const MAX_ENVIRONMENT_LENGTH = 2 * 1024 ** 2;

/** A value may name variables before it: `$(NAME)`. */
function buildEnvironment(container: Fields): ReadonlyMap<string, string> {
  const env = new Map<string, string>();
  let left = MAX_ENVIRONMENT_LENGTH;
  for (const { name, value } of recordsOf(container['env'])) {
    const expanded = expandVariables(asString(value) ?? '', env, left);
    left -= expanded.length;
    env.set(asString(name) ?? '', expanded);
  }
  return env;
}

function textsOf(value: unknown): readonly string[] | undefined {
  return asList(value)?.map((item) => asString(item) ?? '');
}
