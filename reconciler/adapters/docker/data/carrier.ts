import { randomBytes } from 'node:crypto';
import { withAbortScope } from '../../../base/abort-scope.ts';
import { ReconcilerError } from '../../../base/errors.ts';
import type { DataPlace } from '../../../ports/backups/moves-data.ts';
import type { Adapter } from '../adapter.ts';
import { statusOf } from '../engine/engine-errors.ts';
import { LABEL } from '../labels.ts';

/** Place of the data in a carrier: no image has it, so that the engine copies nothing from there into an empty volume. */
export const DATA_ROOT = '/.kombinator-data';

/** Programs that a carrier which runs has to have. */
const PROGRAMS = ['/bin/sh', '/bin/mv'];
/** Images with nothing but programs in them that an engine is likely to have. */
const LIKELY_IMAGES = ['busybox', 'alpine', 'debian', 'ubuntu'];
const CLEAN_UP_MS = 60_000;

export interface CarrierUse {
  readonly place: DataPlace;
  /** The container is only read through. */
  readonly readOnly?: boolean;
  /** A script that it is to run with `sh`, and its arguments. Left out: it is never started, and any image will do. */
  readonly run?: { readonly script: string; readonly args: readonly string[] };
}

/** Makes a container that has one place of data and nothing else, for as long as the work lasts. */
export async function withCarrier<T>(
  adapter: Adapter,
  use: CarrierUse,
  work: (id: string) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  await sweepCarriers(adapter, use.place.stack, signal);
  const name = `kombinator-data-${randomBytes(6).toString('hex')}`;
  adapter.carriers.add(name);
  try {
    const id = await makeCarrier(adapter, name, use, signal);
    try {
      return await work(id);
    } finally {
      await removeCarrier(adapter, id);
    }
  } finally {
    adapter.carriers.delete(name);
  }
}

/** Removes what a process before this one has left. */
async function sweepCarriers(adapter: Adapter, stack: string, signal: AbortSignal): Promise<void> {
  for (const { Id, Names, State } of await adapter.engine.listCarriers(stack, signal)) {
    const isOurs = Names.some((name) => adapter.carriers.has(name.replace(/^\//, '')));
    // One that runs moves things, and comes to its end.
    if (!isOurs && State !== 'running') await adapter.engine.removeContainer(Id, signal);
  }
}

function removeCarrier({ engine }: Adapter, id: string): Promise<void> {
  return withAbortScope({ signals: [], timeoutMs: CLEAN_UP_MS }, (signal) =>
    engine.removeContainer(id, signal),
  );
}

async function makeCarrier(
  adapter: Adapter,
  name: string,
  use: CarrierUse,
  signal: AbortSignal,
): Promise<string> {
  for (const image of await imagesFor(adapter, use.place, signal)) {
    const id = await createFrom(adapter, { name, image, use }, signal);
    if (id === null) continue;
    if (use.run === undefined || (await hasPrograms(adapter, id, signal))) return id;
    await removeCarrier(adapter, id);
  }
  const what = use.run === undefined ? 'no image to reach' : 'no image with sh and mv to put in place';
  throw new ReconcilerError(
    'TARGET_ERROR',
    `${adapter.name} has ${what} the data of ${use.place.source} with; pull one there: docker pull busybox`,
  );
}

/** Images of those who use the data first: they are there. */
async function imagesFor(
  { engine }: Adapter,
  { users }: DataPlace,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const images: string[] = [];
  for (const user of users) {
    const inspect = await engine.inspectContainer(user, signal);
    if (inspect !== null) images.push(inspect.Image);
  }
  for (const name of LIKELY_IMAGES) {
    const inspect = await engine.inspectImage(name, signal);
    if (inspect !== null) images.push(inspect.Id);
  }
  return [...new Set(images)];
}

/** `null` where the image has gone. */
async function createFrom(
  { engine }: Adapter,
  { name, image, use }: { readonly name: string; readonly image: string; readonly use: CarrierUse },
  signal: AbortSignal,
): Promise<string | null> {
  const { place, readOnly = false, run } = use;
  const isVolume = place.kind === 'volume';
  if (isVolume && (await engine.inspectVolume(place.source, signal)) === null)
    throw new ReconcilerError('TARGET_ERROR', `there is no volume ${place.source}`);
  const mount = { Source: place.source, Target: DATA_ROOT, ReadOnly: readOnly };
  const body = {
    Image: image,
    User: '0:0',
    WorkingDir: '/',
    Entrypoint: ['/bin/sh'],
    Cmd: run === undefined ? ['-c', 'exit 1'] : ['-c', run.script, 'sh', ...run.args],
    Labels: { [LABEL.data]: place.stack },
    Healthcheck: { Test: ['NONE'] },
    HostConfig: {
      NetworkMode: 'none',
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      CapAdd: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER'],
      SecurityOpt: ['no-new-privileges'],
      LogConfig: { Type: 'json-file', Config: {} },
      Mounts: [
        isVolume ? { Type: 'volume', ...mount, VolumeOptions: { NoCopy: true } } : { Type: 'bind', ...mount },
      ],
    },
  };
  try {
    return await engine.createContainer(name, body, { signal });
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw error;
  }
}

async function hasPrograms({ engine }: Adapter, id: string, signal: AbortSignal): Promise<boolean> {
  for (const program of PROGRAMS) {
    if (!(await engine.hasPath(id, program, signal))) return false;
  }
  return true;
}
