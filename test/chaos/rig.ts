import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { isAlive, run } from '../../deploy/demo/processes.ts';
import type { DockerEngine } from '../support/docker/docker-engine.ts';
import { startDockerEngine } from '../support/docker/docker-engine.ts';
import { buildTestImage } from '../support/docker/test-image.ts';
import type { GitServer, GitServerFault } from '../support/git/git-server.ts';
import { startGitServer } from '../support/git/git-server.ts';
import type { DaemonShape } from './parts/daemon.ts';
import { Daemon } from './parts/daemon.ts';
import type { EngineControl } from './parts/engine-control.ts';
import { createEngineControl } from './parts/engine-control.ts';
import type { EngineView } from './parts/engine-view.ts';
import { createEngineView } from './parts/engine-view.ts';
import type { FakeClock } from './parts/fake-clock.ts';
import { createFakeClock } from './parts/fake-clock.ts';
import type { ConfigRepository } from './parts/repository.ts';
import { createConfigRepository } from './parts/repository.ts';
import type { StateDisk } from './parts/state-disk.ts';
import { mountStateDisk } from './parts/state-disk.ts';
import type { VolumeWatch } from './parts/volume-watch.ts';
import { createVolumeWatch } from './parts/volume-watch.ts';
import type { Random } from './random.ts';
import type { Report } from './report.ts';
import { describeWorld } from './world/describe.ts';
import { IMAGES } from './world/model.ts';
import type { WorldModel } from './world/model.ts';
import type { MutationKind } from './world/mutations.ts';
import { mutate } from './world/mutations.ts';
import { createWorldModel, World } from './world/world.ts';

/** Needs of a fault; a daemon is as usual in all that they do not name. */
export interface Needs {
  /** Default `path`: the repository of this machine. `http`: through a Git server that can be faulty. */
  readonly remote?: 'path' | 'http';
  /** Its clock can be moved. Default false. */
  readonly clock?: boolean;
}

export interface PushOptions {
  /** Default: any. */
  readonly kinds?: readonly MutationKind[];
  /** Changes in one commit. Default 1. */
  readonly changes?: number;
}

/** A repository with a model of what it describes, the daemon that follows it, and what faults take hold of. */
interface Site extends AsyncDisposable {
  readonly root: string;
  readonly repository: ConfigRepository;
  readonly world: World;
  readonly daemon: Daemon;
  readonly disk: StateDisk;
  readonly gitServer: GitServer;
  readonly volumes: VolumeWatch;
}

export interface RigOptions {
  readonly report: Report;
  /** Ends the run. */
  readonly signal: AbortSignal;
}

const PREFIX = 'kombinator-chaos-';
const STACKS = 4;

/** Everything that a run works on: an engine of its own, and one site after the other on it. */
export class Rig implements AsyncDisposable {
  readonly report: Report;
  readonly signal: AbortSignal;
  readonly engine: EngineView;
  readonly engineControl: EngineControl;
  /** The fault of the Git server's answers; `null`: none. */
  gitFault: GitServerFault | null = null;
  #engine: DockerEngine;
  #site: Site | null = null;
  #clock: FakeClock | null = null;

  private constructor(engine: DockerEngine, { report, signal }: RigOptions) {
    this.#engine = engine;
    this.report = report;
    this.signal = signal;
    this.engine = createEngineView(engine.socketPath);
    this.engineControl = createEngineControl(engine);
  }

  static async open(options: RigOptions): Promise<Rig> {
    await sweep();
    const engine = await startDockerEngine();
    await buildTestImage(engine.host, IMAGES[1]);
    await buildTestImage(engine.host, IMAGES[2], { files: { '/two': 'two' } });
    return new Rig(engine, options);
  }

  get site(): Site {
    if (this.#site === null) throw new Error('internal: no site was begun');
    return this.#site;
  }
  get repository(): ConfigRepository {
    return this.site.repository;
  }
  get world(): World {
    return this.site.world;
  }
  get daemon(): Daemon {
    return this.site.daemon;
  }
  get disk(): StateDisk {
    return this.site.disk;
  }
  get volumes(): VolumeWatch {
    return this.site.volumes;
  }
  /** Directory of the daemon's state. */
  get stateDir(): string {
    return this.daemon.shape.stateDir;
  }
  /** @throws when libfaketime is not installed */
  get clock(): FakeClock {
    return (this.#clock ??= createFakeClock(this.site.root));
  }

  /** A new repository with new stacks, an empty engine and a daemon without any state. */
  async begin(random: Random): Promise<void> {
    await this.end();
    await this.engine.clear().catch(async () => {
      // An engine that still counts an endpoint which is gone lets go of its network only when it starts anew.
      await this.#engine.restart();
      await this.engine.clear();
    });
    const root = await mkdtemp(join(tmpdir(), PREFIX));
    await writeFile(join(root, 'owner.pid'), String(process.pid));
    const repository = await createConfigRepository(root);
    const disk = await mountStateDisk(join(root, 'disk'));
    const gitServer = await startGitServer({ repository: repository.path, fault: () => this.gitFault });
    const daemon = new Daemon(
      { repository: repository.path, stateDir: join(disk.path, 'state-path'), dockerHost: this.#engine.host },
      join(root, 'daemon.log'),
    );
    const world = new World(createWorldModel(random, STACKS));
    const volumes = createVolumeWatch(this.#engine.root);
    this.#site = {
      root,
      repository,
      world,
      daemon,
      disk,
      gitServer,
      volumes,
      async [Symbol.asyncDispose]() {
        await daemon[Symbol.asyncDispose]();
        await gitServer[Symbol.asyncDispose]();
        await disk[Symbol.asyncDispose]();
        await rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
      },
    };
    await this.pushModel(world.model, 'begin');
    await daemon.start();
  }

  /** Starts the daemon anew where it is not as the fault needs it. Answers whether it was. */
  async fit(needs: Needs): Promise<boolean> {
    const wanted = this.#shapeFor(needs);
    const { repository, environment } = this.daemon.shape;
    const isFit =
      repository === wanted.repository && (environment !== undefined) === (wanted.environment !== undefined);
    if (isFit) return true;
    await this.daemon.stop('SIGTERM');
    this.daemon.reshape(wanted);
    await this.daemon.start();
    return false;
  }

  /** Changes the model and pushes it; answers what was changed. */
  async push(random: Random, { kinds, changes = 1 }: PushOptions = {}): Promise<string> {
    let { model } = this.world;
    const told: string[] = [];
    for (let change = 0; change < changes; change += 1) {
      const mutated = mutate(model, random, kinds);
      model = mutated.model;
      told.push(mutated.told);
    }
    await this.pushModel(model, told.join(', '));
    return told.join(', ');
  }

  async pushModel(model: WorldModel, message: string): Promise<void> {
    this.world.moveTo(await this.repository.push(describeWorld(model), message), model);
    this.report.count('pushes');
  }

  async end(): Promise<void> {
    const site = this.#site;
    this.#site = null;
    this.#clock = null;
    await site?.[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engineControl.signal('SIGCONT');
    await this.end();
    await this.#engine.stop();
  }

  #shapeFor({ remote = 'path', clock = false }: Needs): DaemonShape {
    const { repository, disk, gitServer } = this.site;
    const { environment: _environment, ...usual } = this.daemon.shape;
    return {
      ...usual,
      repository: remote === 'path' ? repository.path : gitServer.url,
      // Another location is another repository: each has a state of its own.
      stateDir: join(disk.path, `state-${remote}`),
      ...(clock ? { environment: this.clock.environment } : {}),
    };
  }
}

/** Drops what a killed run has left behind: mounts and files whose owner is gone. */
async function sweep(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(PREFIX)) continue;
    const root = join(tmpdir(), name);
    const owner = Number(await readFile(join(root, 'owner.pid'), 'utf8').catch(() => '0'));
    if (owner === 0 || isAlive(owner)) continue;
    await run('umount', ['--lazy', join(root, 'disk')]).catch(() => undefined);
    await rm(root, { recursive: true, force: true });
  }
}
