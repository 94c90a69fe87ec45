import { emptyRecord } from '../../../base/values.ts';
import { createAbortScope, withAbortScope } from '../../../base/abort-scope.ts';
import type { ContainerSpec, MountSpec } from '../../../model/docker/docker-spec.ts';
import { ReconcilerError, toCancelled } from '../../../base/errors.ts';
import { createMask } from '../../../model/secret.ts';
import type { OneOff, OneOffLeftover } from '../../../ports/target-capabilities.ts';
import type { ApplyContext } from '../../../ports/target.ts';
import type { Adapter } from '../adapter.ts';
import type { ContainerTask } from './container.ts';
import { discardMade, makeContainer, startContainer, undo } from './container.ts';
import type { Engine } from '../engine/engine.ts';
import { applyImage } from '../images/image.ts';
import { LABEL } from '../labels.ts';
import { closeAfter, readLogLines } from '../logs.ts';
import { readSecretsPlace, wipeSecrets } from '../secrets/secret-files.ts';
import { containerSpec } from './specs.ts';

const CLEAN_UP_MS = 60_000;

/** Names of one-offs that this process runs now: a search for leftovers leaves them alone. */
export type RunningOneOffs = Set<string>;

/** Runs a container to its end and removes it, whatever happens. Resolves to its exit code. */
export async function runOneOff(
  adapter: Adapter,
  { oneOff, context, running }: { oneOff: OneOff; context: ApplyContext; running: RunningOneOffs },
): Promise<number> {
  const { resource, timeoutMs } = oneOff;
  const spec = await withStandIns(adapter.engine, containerSpec(resource), context);
  await removeNamed(adapter, spec.name, context);
  await fetchImage(adapter, oneOff, context);
  using scope = createAbortScope({ signals: [context.signal], timeoutMs });
  const { signal } = scope;
  const task: ContainerTask = {
    adapter,
    desired: { ...resource, spec },
    spec,
    context: { ...context, signal },
    labels: {
      [LABEL.hook]: context.stack,
      [LABEL.revision]: context.revision ?? '',
      [LABEL.branch]: context.branch,
    },
  };
  running.add(spec.name);
  try {
    return await carryOut(task, oneOff);
  } catch (error) {
    if (scope.timedOut)
      throw new ReconcilerError('HOOK_FAILED', `did not end within ${Math.round(timeoutMs / 1_000)} s`);
    // Whichever answer was under way was cut then, and says so in its own words.
    throw context.signal.aborted ? toCancelled(context.signal, `run ${spec.name}`) : error;
  } finally {
    running.delete(spec.name);
  }
}

async function carryOut(task: ContainerTask, { onLine }: OneOff): Promise<number> {
  const { adapter, spec, context } = task;
  const { engine } = adapter;
  const id = await makeContainer(task, spec.name);
  const mask = createMask([spec]);
  try {
    await startContainer(task, id);
    const told = { stdout: 0, stderr: 0 };
    const read = async (follow: boolean): Promise<void> => {
      const skip = { ...told };
      const stream = await engine.containerLogs(id, { follow }, context.signal);
      for await (const line of closeAfter(stream, readLogLines(stream, spec.tty === true))) {
        if (skip[line.stream]-- > 0) continue;
        told[line.stream] += 1;
        onLine(mask(line.text), line.stream);
      }
    };
    await read(true);
    const code = await exitCode(adapter, id, context.signal);
    // Engines end a log that is followed with its container, and lose the last lines of one that ends at once.
    await read(false);
    await withAbortScope({ signals: [], timeoutMs: CLEAN_UP_MS }, (signal) => discardMade(task, id, signal));
    return code;
  } catch (error) {
    return undo(adapter, error, (signal) => discardMade(task, id, signal));
  }
}

/** The log ends a moment before the engine knows how the container did. */
async function exitCode({ engine, clock }: Adapter, id: string, signal: AbortSignal): Promise<number> {
  for (;;) {
    const inspect = await engine.inspectContainer(id, signal);
    if (inspect === null) throw new ReconcilerError('HOOK_FAILED', 'its container was removed while it ran');
    if (!inspect.State.Running) return inspect.State.ExitCode;
    await clock.sleep(50, signal);
  }
}

/**
 * Before a first deployment the stack's networks and volumes are not there yet. The engine would make the volume by
 * itself, and it would be nobody's: an empty one that goes with the container stands in.
 */
async function withStandIns(
  engine: Engine,
  spec: ContainerSpec,
  context: ApplyContext,
): Promise<ContainerSpec> {
  const { signal, progress } = context;
  const networks = emptyRecord<NonNullable<ContainerSpec['networks']>[string]>();
  for (const [name, attachment] of Object.entries(spec.networks ?? {})) {
    if ((await engine.inspectNetwork(name, signal)) !== null) networks[name] = attachment;
    else progress(`network ${name} is not there yet`);
  }
  const mounts: MountSpec[] = [];
  for (const mount of spec.mounts ?? []) {
    const isThere = mount.type !== 'volume' || (await engine.inspectVolume(mount.source, signal)) !== null;
    if (!isThere)
      progress(
        `volume ${mount.type === 'volume' ? mount.source : ''} is not there yet, an empty one stands in`,
      );
    mounts.push(isThere ? mount : { type: 'anonymous', target: mount.target });
  }
  const { primaryNetwork, ...rest } = spec;
  const isPrimary = primaryNetwork !== undefined && Object.hasOwn(networks, primaryNetwork);
  const place = Object.keys(networks).length === 0 && !spec.networkMode ? { networkMode: 'bridge' } : {};
  return { ...rest, ...place, networks, mounts, ...(isPrimary ? { primaryNetwork } : {}) };
}

async function fetchImage(adapter: Adapter, { image }: OneOff, context: ApplyContext): Promise<void> {
  const { id, target, kind, name, origin } = image;
  const what = { id, target, kind, name, action: 'create', before: null, after: null } as const;
  const change = { ...what, fields: [], cause: 'a hook needs it', origin, dependsOn: [], verify: false };
  await applyImage(adapter, { change, desired: image }, context);
}

async function removeNamed(adapter: Adapter, name: string, { stack, signal }: ApplyContext): Promise<void> {
  for (const leftover of await listOneOffs(adapter, signal)) {
    if (leftover.stack === stack && leftover.name === name) await removeOneOff(adapter, leftover.id, signal);
  }
}

/** One-off containers on the engine, whoever left them. */
export async function listOneOffs(
  { engine }: Adapter,
  signal: AbortSignal,
): Promise<readonly OneOffLeftover[]> {
  const containers = await engine.listHooks(signal);
  return containers.map(({ Id, Names, Labels }) => ({
    id: Id,
    name: Names[0]?.slice(1) ?? Id,
    stack: Labels[LABEL.hook] ?? '',
    revision: Labels[LABEL.revision] || null,
    branch: Labels[LABEL.branch] || null,
  }));
}

export async function removeOneOff(adapter: Adapter, id: string, signal: AbortSignal): Promise<void> {
  const inspect = await adapter.engine.inspectContainer(id, signal);
  if (inspect === null) return;
  await adapter.engine.removeContainer(id, signal);
  const place = readSecretsPlace(inspect.Config.Labels);
  if (place !== null) await wipeSecrets(adapter, { image: inspect.Image, place }, signal);
}
