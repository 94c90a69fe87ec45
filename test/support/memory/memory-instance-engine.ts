import { PassThrough, Readable } from 'node:stream';
import type { ContainerInfo, ContainerInspectInfo, NetworkInspectInfo } from 'dockerode';
import type { EngineInfo } from '../../../reconciler/adapters/docker/engine/engine.ts';
import type { InstanceEngine } from '../../../reconciler/adapters/docker/instances/engine.ts';
import { ReconcilerError } from '../../../reconciler/base/errors.ts';

type Labels = Record<string, string>;

/** The parts of a "create container" that the tests look at. */
export interface CreatedBody {
  readonly Image: string;
  readonly Labels: Labels;
  readonly Env?: readonly string[];
  readonly HostConfig: {
    readonly NetworkMode: string;
    readonly PortBindings?: Record<string, { HostIp: string; HostPort: string }[]>;
    readonly Mounts?: readonly { readonly Type: string; readonly Source: string }[];
    readonly [key: string]: unknown;
  };
  readonly [key: string]: unknown;
}

interface MemoryContainer {
  readonly id: string;
  readonly name: string;
  readonly body: CreatedBody;
  state: 'created' | 'running' | 'exited';
  exitCode: number;
}

/** A pretended Docker Engine for instances, in memory. */
export interface MemoryInstanceEngine extends InstanceEngine {
  readonly containers: ReadonlyMap<string, MemoryContainer>;
  readonly volumes: ReadonlyMap<string, Labels>;
  readonly networks: ReadonlyMap<string, string>;
  readonly images: Set<string>;
  /** Every body that a container was made of. */
  readonly bodies: readonly CreatedBody[];
  /** Calls so far, by name. */
  readonly calls: Map<string, number>;
  /** Host ports that somebody else has. */
  readonly foreignPorts: Set<string>;
  name: string;
  /** Faults that calls of this name throw, until they are taken out. */
  readonly faults: Map<string, () => Error>;
  /** Milliseconds that every call takes. Default 0: none. */
  latencyMs: number;
  /** A container of an instance ends by itself. */
  exit(instance: string, exitCode: number): void;
  /** Somebody removes all containers of an instance. */
  vanish(instance: string): void;
  /** Cuts the event streams, as a restart of the engine does. */
  cut(): void;
}

export interface MemoryInstanceEngineOptions {
  readonly images?: readonly string[];
  readonly cpus?: number;
  readonly memoryBytes?: number;
}

const OWNER = 'io.kombinator.instance.owner';
const INSTANCE = 'io.kombinator.instance';

export function createMemoryInstanceEngine(options: MemoryInstanceEngineOptions = {}): MemoryInstanceEngine {
  const containers = new Map<string, MemoryContainer>();
  const volumes = new Map<string, Labels>();
  /** Names by id: as on an engine, several may have one. */
  const networks = new Map<string, string>();
  const images = new Set(options.images ?? ['nginx:stable']);
  const bodies: CreatedBody[] = [];
  const calls = new Map<string, number>();
  const faults = new Map<string, () => Error>();
  const foreignPorts = new Set<string>();
  const streams = new Set<PassThrough>();
  const busyPorts = new Map<string, string>();
  let made = 0;

  async function call<T>(name: string, signal: AbortSignal | null, work: () => T): Promise<T> {
    calls.set(name, (calls.get(name) ?? 0) + 1);
    if (engine.latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, engine.latencyMs));
    else await Promise.resolve();
    signal?.throwIfAborted();
    const fault = faults.get(name) ?? faults.get('*');
    if (fault !== undefined) throw fault();
    return work();
  }
  function emit(container: MemoryContainer, Action: string, more: Labels = {}): void {
    const Attributes = { ...container.body.Labels, name: container.name, ...more };
    const line = `${JSON.stringify({ Type: 'container', Action, Actor: { ID: container.id, Attributes } })}\n`;
    for (const stream of streams) stream.write(line);
  }
  function remove(container: MemoryContainer): void {
    if (!containers.delete(container.id)) return;
    for (const [port, id] of busyPorts) if (id === container.id) busyPorts.delete(port);
    if (container.state === 'running') emit(container, 'die', { exitCode: '137' });
    emit(container, 'destroy');
  }
  function start(container: MemoryContainer): void {
    if (container.state === 'running') return;
    const mode = container.body.HostConfig.NetworkMode;
    const holder = mode.startsWith('container:') ? containers.get(mode.slice('container:'.length)) : null;
    if (holder !== null && holder?.state !== 'running')
      throw new ReconcilerError('TARGET_ERROR', 'cannot join network of a non running container');
    for (const bindings of Object.values(container.body.HostConfig.PortBindings ?? {})) {
      for (const { HostPort } of bindings) {
        if (busyPorts.has(HostPort) || foreignPorts.has(HostPort))
          throw new ReconcilerError('PORT_TAKEN', `port ${HostPort} is already taken`, { retryable: true });
        busyPorts.set(HostPort, container.id);
      }
    }
    container.state = 'running';
    emit(container, 'start');
    const command = JSON.stringify([container.body['Entrypoint'], container.body['Cmd']]);
    const exit = /exit (\d+)/.exec(command)?.[1];
    if (exit !== undefined) end(container, Number(exit));
  }
  function end(container: MemoryContainer, exitCode: number): void {
    Object.assign(container, { state: 'exited', exitCode });
    emit(container, 'die', { exitCode: String(exitCode) });
  }
  const matching = (owner: string, id: string | null, labels: Labels) =>
    labels[OWNER] === owner && (id === null || labels[INSTANCE] === id);
  const ofInstance = (id: string) =>
    [...containers.values()].filter(({ body }) => body.Labels[INSTANCE] === id);

  const engine: MemoryInstanceEngine = {
    address: 'memory',
    local: false,
    name: 'memory-node',
    latencyMs: 0,
    containers,
    volumes,
    networks,
    images,
    bodies,
    calls,
    faults,
    foreignPorts,
    info: (signal) =>
      call('info', signal, () => {
        const size = { NCPU: options.cpus ?? 8, MemTotal: options.memoryBytes ?? 64 * 2 ** 30 };
        return { ID: engine.name, Name: engine.name, ...size } as unknown as EngineInfo;
      }),
    events: (_, signal) =>
      call('events', signal, () => {
        const stream = new PassThrough();
        streams.add(stream);
        stream.on('close', () => streams.delete(stream));
        signal.addEventListener('abort', () => stream.destroy(), { once: true });
        return stream;
      }),
    containerLogs: (id, _, signal) =>
      call('containerLogs', signal, () => {
        const text = Buffer.from(`2026-02-10T02:06:33.16Z ${containers.get(id)?.body.Image} is up\n`);
        const head = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);
        head.writeUInt32BE(text.length, 4);
        return Readable.from([Buffer.concat([head, text])]);
      }),
    inspectContainer: (name, signal) =>
      call('inspectContainer', signal, () => {
        const found = [...containers.values()].find((one) => one.name === name || one.id === name);
        if (found === undefined) return null;
        const { id: Id, body, state: Status, exitCode: ExitCode } = found;
        return {
          Id,
          Config: { Labels: body.Labels },
          State: { Status, ExitCode },
        } as unknown as ContainerInspectInfo;
      }),
    createContainer: (name, given, { signal }) =>
      call('createContainer', signal, () => {
        const body = given as CreatedBody;
        if (!images.has(body.Image))
          throw new ReconcilerError('IMAGE_NOT_FOUND', `no image ${body.Image}`, { retryable: true });
        if ([...containers.values()].some((one) => one.name === name))
          throw new ReconcilerError('NAME_TAKEN', `the name ${name} is taken`);
        made += 1;
        const id = made.toString(16).padStart(64, '0');
        const container: MemoryContainer = { id, name, body, state: 'created', exitCode: 0 };
        containers.set(id, container);
        bodies.push(body);
        emit(container, 'create');
        return id;
      }),
    startContainer: (id, signal) =>
      call('startContainer', signal, () => {
        const container = containers.get(id);
        if (container === undefined) throw new ReconcilerError('TARGET_ERROR', `no container ${id}`);
        start(container);
      }),
    removeContainer: (id, signal) =>
      call('removeContainer', signal, () => {
        const container = containers.get(id);
        if (container !== undefined) remove(container);
      }),
    listInstanceNetworks: (name, signal) =>
      call('listInstanceNetworks', signal, () =>
        [...networks]
          .filter(([, made]) => made === name)
          .map(([Id]) => ({ Id, Name: name, Created: '2026-01-01' }) as unknown as NetworkInspectInfo),
      ),
    createNetwork: (body, signal) =>
      call('createNetwork', signal, () => {
        const { Name } = body as { Name: string };
        networks.set(`${Name}-${networks.size}`, Name);
      }),
    createVolume: (body, signal) =>
      call('createVolume', signal, () => {
        const { Name, Labels } = body as { Name: string; Labels: Labels };
        volumes.set(Name, Labels);
      }),
    removeVolume: (name, signal) => call('removeVolume', signal, () => void volumes.delete(name)),
    inspectImage: (reference, signal) =>
      call('inspectImage', signal, () => (images.has(reference) ? ({ Id: reference } as never) : null)),
    pullImage: (reference, { signal }) =>
      call('pullImage', signal, () => {
        throw new ReconcilerError('TARGET_ERROR', `pull ${reference}: manifest unknown`, { retryable: true });
      }),
    listInstances: (owner, id, signal) =>
      call('listInstances', signal, () =>
        [...containers.values()]
          .filter(({ body }) => matching(owner, id, body.Labels))
          .map(({ id: Id, name, body, state: State, exitCode }) => {
            const Mounts = (body.HostConfig.Mounts ?? []).map(({ Source }) => ({ Name: Source }));
            const Status = State === 'exited' ? `Exited (${exitCode}) 2 minutes ago` : 'Up 2 minutes';
            return {
              Id,
              Names: [`/${name}`],
              Labels: body.Labels,
              State,
              Status,
              Mounts,
            } as unknown as ContainerInfo;
          }),
      ),
    listInstanceVolumes: (owner, id, signal) =>
      call('listInstanceVolumes', signal, () =>
        [...volumes]
          .filter(([, labels]) => matching(owner, id, labels))
          .map(([Name, Labels]) => ({ Name, Driver: 'local', Labels })),
      ),
    exit: (instance, exitCode) => ofInstance(instance).forEach((container) => end(container, exitCode)),
    vanish: (instance) => ofInstance(instance).forEach(remove),
    cut() {
      for (const stream of streams) stream.destroy();
    },
  };
  return engine;
}
