import { DatabaseSync } from 'node:sqlite';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Answer, Json } from '../parts/daemon.ts';
import type { Vitals } from '../parts/inspector.ts';
import { readVitals } from '../parts/inspector.ts';
import type { DeployTag } from '../parts/repository.ts';
import type { Rig } from '../rig.ts';
import type { Difference } from '../world/compare.ts';
import { compareWorld } from '../world/compare.ts';
import { soundStacks } from '../world/model.ts';
import type { WorldModel } from '../world/model.ts';

/** Everything that invariants are held against, looked at once in a quiet moment. */
export interface Observation {
  readonly model: WorldModel;
  readonly modelOf: (commit: string) => WorldModel | undefined;
  readonly differences: readonly Difference[];
  readonly lostVolumes: readonly string[];
  readonly tags: readonly DeployTag[];
  /** Newest first, as they are listed. */
  readonly jobs: readonly Json[];
  /** The newest of them by id, as each is shown alone. */
  readonly jobDetails: ReadonlyMap<string, Json>;
  /** Views of the list. */
  readonly stacks: readonly Json[];
  /** The stacks that have to run as described, by name. */
  readonly sound: ReadonlyMap<string, SoundStack>;
  /** Names of the deployment tags that the daemon lists. */
  readonly listedTags: readonly string[];
  /** Answer of the database's own check: `ok`. */
  readonly storeCheck: string;
  /** Everything that the daemon has written since it was started. */
  readonly log: string;
  readonly vitals: DaemonVitals;
  /** The same process, when it was quiet first. */
  readonly firstVitals: DaemonVitals;
}

export interface SoundStack {
  /** The stack alone. */
  readonly detail: Json;
  readonly plan: Answer;
  readonly deployments: readonly Json[];
  /** True when a release tag on what was deployed last is said to be deployed. */
  readonly isReleaseDeployed: boolean;
}

export interface DaemonVitals extends Vitals {
  /** Open files, sockets and pipes. */
  readonly descriptors: number;
  /** The process. */
  readonly pid: number;
}

const DETAILS = 15;

export async function observe(
  rig: Rig,
  readDaemonVitals: (rig: Rig) => Promise<DaemonVitals>,
  first: DaemonVitals | null,
): Promise<Observation> {
  const { daemon, world, repository, volumes } = rig;
  const { model, ledger } = world;
  const body = async (path: string) => (await daemon.api('GET', path)).body;
  const sound = new Map<string, SoundStack>();
  for (const name of soundStacks(model)) sound.set(name, await observeSound(rig, name));
  const snapshot = await rig.engine.snapshot();
  const jobs: readonly Json[] = (await body('/jobs?per_page=200')).jobs;
  const details = new Map<string, Json>();
  for (const { id } of jobs.slice(0, DETAILS)) details.set(id, await body(`/jobs/${id}`));
  const tags = (await body('/tags')).tags as readonly Json[];
  const vitals = await readDaemonVitals(rig);
  return {
    model,
    modelOf: (commit) => ledger.modelOf(commit),
    differences: compareWorld(model, ledger, snapshot),
    lostVolumes: volumes.findLost(snapshot.volumes),
    tags: await repository.tags(),
    jobs,
    jobDetails: details,
    stacks: (await body('/stacks?per_page=500')).stacks,
    sound,
    listedTags: tags.filter(({ scheme }) => scheme === 'deployment').map(({ name }) => name),
    storeCheck: checkStore(join(rig.stateDir, 'kombinator.db')),
    log: daemon.log(),
    vitals,
    firstVitals: first?.pid === vitals.pid ? first : vitals,
  };
}

async function observeSound(rig: Rig, name: string): Promise<SoundStack> {
  const { daemon } = rig;
  // Makes deployment tags that still wait for their next try: only then it is known which is the newest.
  await askForRelease(rig, name);
  const status = await askForRelease(rig, name);
  return {
    detail: (await daemon.api('GET', `/stacks/${name}`)).body,
    plan: await daemon.api('POST', `/stacks/${name}/plan`, {}),
    deployments: (await daemon.api('GET', `/stacks/${name}/deployments`)).body.deployments,
    isReleaseDeployed: status.body.deployed === true,
  };
}

/** Asks for the status of a release tag on what was deployed last. */
async function askForRelease({ daemon, repository, world }: Rig, name: string) {
  const release = `${name}-v1.0.0-dev`;
  const newest = (await repository.tags()).findLast(({ stack }) => stack === name);
  await repository.git('tag', '--force', release, newest?.commit ?? world.head);
  const status = await daemon.api('GET', `/tags/${release}`);
  await repository.git('tag', '--delete', release);
  return status;
}

export async function readDaemonVitals({ daemon }: Rig): Promise<DaemonVitals> {
  const vitals = await readVitals(daemon.log());
  return { ...vitals, pid: daemon.pid, descriptors: (await readdir(`/proc/${daemon.pid}/fd`)).length };
}

function checkStore(path: string): string {
  if (!existsSync(path)) return 'there is no database';
  try {
    using database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
    const rows = database.prepare('PRAGMA integrity_check').all();
    return rows.map((row) => String(row['integrity_check'])).join('; ');
  } catch (error) {
    return String(error);
  }
}
