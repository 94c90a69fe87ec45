import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import Docker from 'dockerode';
import { endEngine } from './engine.ts';
import { DEMO_IMAGE } from './image.ts';
import { isAlive } from './processes.ts';

const PREFIX = 'kombinator-demo-';

/** Note for cleaning up after a demo that was killed; written before anything is made. */
interface WorkspaceNote {
  readonly pid: number;
  /** Engine that is not the demo's own, and the stacks put there; `null` while there is none. */
  readonly shared: { readonly host: string; readonly stacks: readonly string[] } | null;
}

export interface Workspace extends AsyncDisposable {
  readonly root: string;
  /** Remembers what was put on somebody else's engine. */
  note(shared: WorkspaceNote['shared']): Promise<void>;
}

/** A fresh temporary directory; disposing removes it. */
export async function createWorkspace(): Promise<Workspace> {
  const root = await mkdtemp(join(tmpdir(), PREFIX));
  const note = (shared: WorkspaceNote['shared']) =>
    writeFile(join(root, 'demo.json'), JSON.stringify({ pid: process.pid, shared } satisfies WorkspaceNote));
  await note(null);
  return { root, note, [Symbol.asyncDispose]: () => removeTree(root) };
}

/** Removes what demos that were killed have left behind. Resolves to how many there were. */
export async function sweepWorkspaces(): Promise<number> {
  let count = 0;
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(PREFIX)) continue;
    const root = join(tmpdir(), name);
    const note = await readNote(root);
    if (note === undefined || isAlive(note.pid)) continue;
    count += 1;
    await endDaemon(root);
    await endEngine(root);
    if (note.shared)
      await removeStacks(engineAt(note.shared.host), note.shared.stacks).catch(() => undefined);
    await removeTree(root);
  }
  return count;
}

/** Removes containers, networks and volumes that carry one of these stacks' labels. Resolves to how many. */
export async function removeStacks(docker: Docker, stacks: readonly string[]): Promise<number> {
  let count = 0;
  for (const stack of stacks) {
    const filters = { label: [`io.kombinator.stack=${stack}`] };
    for (const { Id } of await docker.listContainers({ all: true, filters })) {
      await docker.getContainer(Id).remove({ force: true, v: true });
      count += 1;
    }
    for (const { Id } of await docker.listNetworks({ filters })) {
      await docker.getNetwork(Id).remove();
      count += 1;
    }
    for (const { Name } of (await docker.listVolumes({ filters })).Volumes) {
      await docker.getVolume(Name).remove();
      count += 1;
    }
  }
  return count;
}

/** Rejects when an engine of somebody else has stacks of the same names: they may be in real use. */
export async function refuseToOverwrite(docker: Docker, stacks: readonly string[]): Promise<void> {
  for (const stack of stacks) {
    const filters = { label: [`io.kombinator.stack=${stack}`] };
    const there = await docker.listContainers({ all: true, filters });
    if (there.length === 0) continue;
    throw new Error(
      `this engine already runs a stack called ${stack}; remove it first (docker rm -f $(docker ps -aq --filter label=io.kombinator.stack=${stack})) or point DOCKER_HOST at another engine`,
    );
  }
}

/** Removes the demo's image; one that something else uses by now stays. */
export async function removeImage(docker: Docker): Promise<void> {
  await docker
    .getImage(`${DEMO_IMAGE.repository}:${DEMO_IMAGE.tag}`)
    .remove()
    .catch(() => undefined);
}

function engineAt(host: string): Docker {
  return host.startsWith('unix://') ? new Docker({ socketPath: host.slice('unix://'.length) }) : new Docker();
}

/** The daemon of a killed demo runs on; its state directory says which process it is. */
async function endDaemon(root: string): Promise<void> {
  const text = await readFile(join(root, 'state', 'lock.json'), 'utf8').catch(() => '');
  const pid = Number(/"pid":(\d+)/.exec(text)?.[1]);
  if (!(pid > 1) || !isAlive(pid)) return;
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  if (command.includes(`${root}/`)) process.kill(pid, 'SIGKILL');
}

async function readNote(root: string): Promise<WorkspaceNote | undefined> {
  try {
    return JSON.parse(await readFile(join(root, 'demo.json'), 'utf8')) as WorkspaceNote;
  } catch {
    // Somebody else's directory, or one that is just being made.
    return undefined;
  }
}

function removeTree(root: string): Promise<void> {
  return rm(root, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
}
