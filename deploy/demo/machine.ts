import type Docker from 'dockerode';
import type { DemoEngine } from './engine.ts';
import { findEngine, startEngine } from './engine.ts';
import { ensureImage, findStaticBusybox } from './image.ts';
import type { Narrator } from './narrator.ts';
import { installPackages, whyNotInstall } from './packages.ts';
import { findProgram } from './processes.ts';

/** Makes sure that there is a git. */
export async function prepareTools(narrator: Narrator, signal: AbortSignal): Promise<void> {
  if (findProgram('git') === undefined) await install(['git', 'ca-certificates'], 'a git', narrator, signal);
}

/** The engine that is there, or one of the demo's own. */
export async function prepareEngine(
  root: string,
  narrator: Narrator,
  signal: AbortSignal,
): Promise<DemoEngine> {
  const found = await findEngine(process.env);
  if (found !== undefined) {
    narrator.tell(`using ${found.description}`);
    return found;
  }
  if (process.getuid?.() !== 0) {
    throw new Error(
      'no Docker Engine answers, and only root can start one: start Docker and make sure that you may use it (docker group), or run the demo as root',
    );
  }
  if (findProgram('dockerd') === undefined) {
    await install(
      ['docker.io', 'iptables', 'iproute2', 'busybox-static'],
      'a Docker Engine',
      narrator,
      signal,
    );
  }
  narrator.tell('no engine is running; starting one that lives as long as the demo');
  const engine = await startEngine(root, signal);
  narrator.tell(engine.description);
  return engine;
}

/** An image made of busybox: nothing is pulled from anywhere. Resolves to whether it was made just now. */
export async function prepareImage(
  docker: Docker,
  narrator: Narrator,
  signal: AbortSignal,
): Promise<boolean> {
  if ((await findStaticBusybox()) === undefined) {
    await install(['busybox-static'], 'a static busybox for the demo image', narrator, signal);
  }
  const busybox = await findStaticBusybox();
  if (busybox === undefined)
    throw new Error('the busybox of this machine is not static: install busybox-static');
  const made = await ensureImage(docker, busybox);
  narrator.tell(`image kombinator-demo/busybox:1 ${made ? `made from ${busybox}` : 'is there already'}`);
  return made;
}

async function install(
  packages: readonly string[],
  what: string,
  narrator: Narrator,
  signal: AbortSignal,
): Promise<void> {
  const reason = whyNotInstall();
  if (reason !== undefined) {
    throw new Error(
      `the demo needs ${what}, and ${reason}: install ${packages.join(' ')} (or what your system calls them)`,
    );
  }
  narrator.tell(`installing ${packages.join(', ')} (needed: ${what})`);
  await installPackages(packages, { tell: (line) => narrator.tell(narrator.style.dim(line)), signal });
}
