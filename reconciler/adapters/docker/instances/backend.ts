import { withAbortScope } from '../../../base/abort-scope.ts';
import { ReconcilerError } from '../../../base/errors.ts';
import { recordsOf } from '../../../pods/check-pod.ts';
import type { Instance } from '../../../pods/instance.ts';
import { toMilli, toUnits } from '../../../pods/quantity.ts';
import { saturated } from '../../../pods/refusals.ts';
import { limitOf } from '../../../pods/sanitize-pod.ts';
import type { RegistryCredentials } from '../../../model/registry.ts';
import type { DockerConnection } from '../../../model/target.ts';
import { asFields } from '../../../base/values.ts';
import type { Clock } from '../../../ports/clock.ts';
import type {
  InstanceBackend,
  InstanceSink,
  Placement,
  UnplacedInstance,
} from '../../../ports/instance-backend.ts';
import type { Logger } from '../../../ports/logger.ts';
import { createDialer } from '../engine/connection.ts';
import type { EngineInfo } from '../engine/engine.ts';
import { createTransport } from '../engine/transport.ts';
import type { InstanceEngine } from './engine.ts';
import { createInstanceEngine } from './engine.ts';
import type { Installation } from './ensure.ts';
import { ensureInstance } from './ensure.ts';
import { isPortFree } from './free-port.ts';
import { readInstanceLogs } from './logs.ts';
import { createInstanceNetwork } from './network.ts';
import { createInstanceState } from './state.ts';
import { checkSupport } from './support.ts';
import { watchInstances } from './watch.ts';

export interface DockerInstancesOptions {
  /** The installation that what is made belongs to: others on the same engine are left alone. Asked when it is first needed. */
  readonly owner: () => string;
  readonly namespace: string;
  /** Default 0.0.0.0. */
  readonly publishAddress?: string;
  /** Told as the address of the node. Default: not known. */
  readonly publicIp?: string | null;
  /** Processes that a container may have. Default 512. */
  readonly pidsLimit?: number;
  /** Asked before every pull. Default: none. */
  readonly registries?: () => readonly RegistryCredentials[];
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface DockerInstancesConnection extends DockerInstancesOptions {
  readonly connection: DockerConnection;
  /** Variables in which `DOCKER_HOST` and the SSH settings are looked up. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Instances on a Docker Engine. Connects when first used. Throws BAD_OPTIONS when `DOCKER_HOST` cannot be understood. */
export function createDockerInstances(options: DockerInstancesConnection): InstanceBackend {
  const transport = createTransport(createDialer(options.connection, options.environment));
  return createEngineInstances({
    ...options,
    engine: createInstanceEngine(transport),
    close: () => transport.close(),
  });
}

export interface EngineInstancesOptions extends DockerInstancesOptions {
  readonly engine: InstanceEngine;
  readonly close: () => void;
}

/** Pause between questions to an engine that does not answer. */
const AGAIN_MS = 500;

export function createEngineInstances({
  engine,
  close,
  ...options
}: EngineInstancesOptions): InstanceBackend {
  const { owner, clock, logger, publishAddress = '0.0.0.0', publicIp = null } = options;
  const state = createInstanceState();
  const closing = new AbortController();
  let sink: InstanceSink | null = null;
  const within = <T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> =>
    withAbortScope({ signals: [signal, closing.signal] }, work);
  const installation: Installation = {
    engine,
    owner,
    network: createInstanceNetwork(engine, `kombinator-${options.namespace}`),
    publishAddress,
    pidsLimit: options.pidsLimit ?? 512,
    registries: options.registries ?? (() => []),
    clock,
    logger,
    state,
    images: new Map(),
    onChange: (id) => sink?.changed(id, state.get(id)),
  };
  const known: Known = { info: null };
  return {
    check: checkSupport,
    isFree: (port, protocol) =>
      engine.local ? isPortFree({ port, protocol, host: publishAddress }) : Promise.resolve(true),
    place: (instance, signal) =>
      within(signal, (until) => place(installation, { known, publicIp, instance }, until)),
    ensure: (instance: Instance, signal) =>
      within(signal, (until) => ensureInstance(installation, instance, until)),
    async remove(id, signal) {
      await within(signal, (until) => removeAll(installation, id, until));
      state.forget(id);
      sink?.changed(id, null);
    },
    async exists(id, signal) {
      return within(signal, async (until) => (await engine.listInstances(owner(), id, until)).length > 0);
    },
    logs: (id, tail, signal) =>
      within(signal, (until) => readInstanceLogs(installation, { id, tail }, until)),
    async watch(to, signal) {
      sink = to;
      const watching = { ...installation, sink: to, onInfo: (info: EngineInfo) => void (known.info = info) };
      await within(signal, (until) => watchInstances(watching, until));
    },
    async [Symbol.asyncDispose]() {
      closing.abort(new ReconcilerError('CANCELLED', 'instances are not looked after any more'));
      close();
    },
  };
}

interface Known {
  /** Facts about the engine; `null` until it has answered once. */
  info: EngineInfo | null;
}

interface PlaceWork {
  readonly known: Known;
  readonly publicIp: string | null;
  readonly instance: UnplacedInstance;
}

/** The engine is the only node there is; one that does not answer cannot take anything. */
async function place(
  { engine, clock }: Installation,
  { known, publicIp, instance }: PlaceWork,
  signal: AbortSignal,
): Promise<Placement> {
  while (known.info === null) {
    try {
      known.info = await engine.info(signal);
    } catch (error) {
      if (signal.aborted) throw saturated();
      if (!(error instanceof ReconcilerError) || !error.retryable) throw error;
      await clock.sleep(AGAIN_MS, signal);
    }
  }
  const { NCPU, MemTotal, Name } = known.info;
  const spec = asFields(instance.pod['spec']) ?? {};
  for (const container of [...recordsOf(spec['initContainers']), ...recordsOf(spec['containers'])]) {
    const [cpu, memory] = [limitOf(container, 'cpu'), limitOf(container, 'memory')];
    const fits =
      (cpu === null || toMilli(cpu) <= NCPU * 1_000) && (memory === null || toUnits(memory) <= MemTotal);
    if (!fits) throw saturated();
  }
  return { nodeId: Name, nodePublicIp: publicIp };
}

async function removeAll({ engine, owner }: Installation, id: string, signal: AbortSignal): Promise<void> {
  const containers = await engine.listInstances(owner(), id, signal);
  await Promise.all(containers.map(({ Id }) => engine.removeContainer(Id, signal)));
  const hadVolumes = containers.length === 0 || containers.some(({ Mounts }) => Mounts.length > 0);
  if (!hadVolumes) return;
  const volumes = await engine.listInstanceVolumes(owner(), id, signal);
  await Promise.all(volumes.map(({ Name }) => engine.removeVolume(Name, signal)));
}
