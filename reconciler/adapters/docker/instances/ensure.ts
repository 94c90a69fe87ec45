import { isReconcilerError, ReconcilerError } from '../../../base/errors.ts';
import type { Instance } from '../../../pods/instance.ts';
import { recordsOf } from '../../../pods/check-pod.ts';
import { parseQuantity, toUnits } from '../../../pods/quantity.ts';
import { isProblem } from '../../../base/problem.ts';
import type { RegistryCredentials } from '../../../model/registry.ts';
import type { Fields } from '../../../base/values.ts';
import { asFields, asString, asText } from '../../../base/values.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Logger } from '../../../ports/logger.ts';
import { pullImage } from '../images/image.ts';
import { buildInstanceContainer, containerName, volumeName } from './container.ts';
import type { InstanceEngine } from './engine.ts';
import { INSTANCE_LABEL, instanceLabels } from './labels.ts';
import type { InstanceNetwork } from './network.ts';
import type { InstanceState } from './state.ts';

/** The things that bringing up instances works with. */
export interface Installation {
  readonly engine: InstanceEngine;
  readonly owner: () => string;
  readonly network: InstanceNetwork;
  readonly publishAddress: string;
  readonly pidsLimit: number;
  readonly registries: () => readonly RegistryCredentials[];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly state: InstanceState;
  /** Images that were there a moment ago, and when. */
  readonly images: Map<string, number>;
  /** Told after something was done for an instance. */
  readonly onChange: (id: string) => void;
}

/** Time for which an image that was there is taken to be there. */
const IMAGE_MS = 30_000;
const INIT_LOOK_MS = 200;

/** Makes images, volumes, network and containers, in this order; what is there is left as it is. */
export async function ensureInstance(
  installation: Installation,
  instance: Instance,
  signal: AbortSignal,
): Promise<void> {
  const spec = asFields(instance.pod['spec']) ?? {};
  const containers = recordsOf(spec['containers']);
  const initContainers = recordsOf(spec['initContainers']);
  for (const container of [...initContainers, ...containers])
    await ensureImage(installation, container, signal);
  for (const volume of recordsOf(spec['volumes']))
    await ensureVolume(installation, { instance, volume }, signal);
  let network = await installation.network.ensure(signal);
  for (const container of initContainers)
    await runInit(installation, { instance, container, network }, signal);
  for (const [index, container] of containers.entries()) {
    const isHolder = index === 0;
    const id = await ensureContainer(
      installation,
      { instance, container, network, isHolder, isInit: false },
      signal,
    );
    if (isHolder) network = `container:${id}`;
  }
}

async function ensureImage(
  installation: Installation,
  container: Fields,
  signal: AbortSignal,
): Promise<void> {
  const { engine, clock, images, logger } = installation;
  const reference = asString(container['image']) ?? '';
  const written = asString(container['imagePullPolicy']);
  const policy = written ?? (isLatest(reference) ? 'Always' : 'IfNotPresent');
  const now = clock.elapsed();
  if (policy !== 'Always' && now - (images.get(reference) ?? Number.NEGATIVE_INFINITY) < IMAGE_MS) return;
  const isThere = (await engine.inspectImage(reference, signal)) !== null;
  if (isThere) images.set(reference, now);
  if (isThere && policy !== 'Always') return;
  if (policy === 'Never') throw new ReconcilerError('IMAGE_NOT_FOUND', `image ${reference} is not here`);
  try {
    await pullImage(installation, { reference, platform: undefined }, { signal, progress: () => undefined });
    images.set(reference, now);
  } catch (error) {
    // Nobody has asked for the newest one in so many words.
    if (!isThere || written !== undefined || signal.aborted) throw error;
    logger.debug({ image: reference }, 'an image that is here could not be pulled again');
  }
}

function isLatest(reference: string): boolean {
  const name = reference.slice(reference.lastIndexOf('/') + 1);
  return !name.includes('@') && (!name.includes(':') || name.endsWith(':latest'));
}

async function ensureVolume(
  { engine, owner }: Installation,
  { instance, volume }: { readonly instance: Instance; readonly volume: Fields },
  signal: AbortSignal,
): Promise<void> {
  const emptyDir = asFields(volume['emptyDir']) ?? {};
  const limit = parseQuantity(asString(emptyDir['sizeLimit']) ?? '0');
  const size = isProblem(limit) ? 0 : toUnits(limit);
  const inMemory = emptyDir['medium'] === 'Memory' || size > 0;
  const bytes = size > 0 ? size : instance.memoryBytes;
  await engine.createVolume(
    {
      Name: volumeName(instance, asString(volume['name']) ?? ''),
      Driver: 'local',
      // The size of a directory on the disk cannot be bounded; one in memory can.
      DriverOpts: inMemory ? { type: 'tmpfs', device: 'tmpfs', o: `size=${bytes},mode=1777` } : {},
      Labels: instanceLabels({ id: instance.id, owner: owner(), containers: 1 }),
    },
    signal,
  );
}

interface ContainerPart {
  readonly instance: Instance;
  readonly container: Fields;
  readonly network: string;
  readonly isHolder: boolean;
  readonly isInit: boolean;
}

interface Found {
  readonly id: string;
  readonly state: string;
  readonly exitCode: number;
}

/** @returns the engine's id */
async function ensureContainer(
  installation: Installation,
  part: ContainerPart,
  signal: AbortSignal,
): Promise<string> {
  const { engine, state, onChange } = installation;
  const body = buildInstanceContainer({ ...installation, ...part, owner: installation.owner() });
  const labels = labelsOf(body);
  const { id, state: current } = await createOrFind(installation, part, body, signal);
  // It has run already, and runs once.
  if (current !== 'created') return id;
  state.note({ id, labels, state: 'created' });
  await engine.startContainer(id, signal);
  state.note({ id, labels, state: 'running' });
  onChange(part.instance.id);
  return id;
}

async function createOrFind(
  { engine, images, network }: Installation,
  { instance, container }: ContainerPart,
  body: object,
  signal: AbortSignal,
): Promise<Found> {
  const name = containerName(instance, container);
  try {
    return { id: await engine.createContainer(name, body, { signal }), state: 'created', exitCode: 0 };
  } catch (error) {
    // The engine may have changed since it was asked, so nothing that is remembered of it counts.
    network.forget();
    if (isReconcilerError(error, 'IMAGE_NOT_FOUND')) images.delete(asString(container['image']) ?? '');
    if (!isReconcilerError(error, 'NAME_TAKEN')) throw error;
    const found = await findContainer(engine, { name, id: instance.id }, signal);
    if (found === null) throw error;
    return found;
  }
}

async function findContainer(
  engine: InstanceEngine,
  { name, id }: { readonly name: string; readonly id: string },
  signal: AbortSignal,
): Promise<Found | null> {
  const there = await engine.inspectContainer(name, signal);
  if (there === null || there.Config.Labels[INSTANCE_LABEL.instance] !== id) return null;
  return { id: there.Id, state: there.State.Status, exitCode: there.State.ExitCode };
}

/** Runs a container that prepares the others to its end. */
async function runInit(
  installation: Installation,
  { instance, container, network }: Pick<ContainerPart, 'instance' | 'container' | 'network'>,
  signal: AbortSignal,
): Promise<void> {
  const { engine, clock } = installation;
  const name = containerName(instance, container);
  await ensureContainer(
    installation,
    { instance, container, network, isHolder: false, isInit: true },
    signal,
  );
  for (;;) {
    const found = await findContainer(engine, { name, id: instance.id }, signal);
    if (found === null)
      throw new ReconcilerError('TARGET_ERROR', `init container ${name} is gone`, { retryable: true });
    if (found.state === 'exited' && found.exitCode === 0) return;
    if (found.state === 'exited')
      throw new ReconcilerError('TARGET_ERROR', `init container ${name} exited with ${found.exitCode}`);
    await clock.sleep(INIT_LOOK_MS, signal);
  }
}

function labelsOf(body: object): Readonly<Record<string, string>> {
  const labels = 'Labels' in body ? asFields(body.Labels) : undefined;
  return Object.fromEntries(Object.entries(labels ?? {}).map(([key, value]) => [key, asText(value)]));
}
