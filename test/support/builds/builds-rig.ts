import { Secret } from '../../../reconciler/model/secret.ts';
import { registryId } from '../../../reconciler/model/registry-entry.ts';
import type { BuildPlanner } from '../../../reconciler/ports/builds/build-planner.ts';
import type { BuildEvent, BuildRecord, NewBuild } from '../../../reconciler/public/builds.ts';
import { createKeptRegistries } from '../../../reconciler/run/registries/kept-registries.ts';
import type { FakeRepositories } from '../fakes/fake-repositories.ts';
import { createFakeRepositories } from '../fakes/fake-repositories.ts';
import { fakeRegistryClient } from '../fakes/fake-registries.ts';
import { createMemoryVault } from '../fakes/memory-vault.ts';
import type { MemoryTarget } from '../memory/memory-target.ts';
import type { Rig, RigOptions } from '../reconciler-rig.ts';
import { createRig } from '../reconciler-rig.ts';

export const ADA = { name: 'Ada', email: 'ada@example.org' };
export const HUB_PASSWORD = 'correct-horse';
export const HUB = registryId('hub.example.org');
export const DOCKERFILE = 'FROM scratch\nARG TOKEN\nRUN echo hello\nCOPY . /\n';

const NEVER = new AbortController().signal;

export const SETTINGS =
  'registries: [{ host: hub.example.org, username: ada, password: secret://env/HUB }]\n';

/** A workflow with two deployments, as somebody writes it. */
export const WORKFLOW = `# of the shop
name: shop
id: 65f000000000000000000001
status: draft
nodes:
  # the web page
  - id: n1
    type: deployment
    position: { x: 1, y: 2 }
    data: { name: web, image: "nginx:1.29" } # old
  - { id: n2, type: configmap, data: { name: conf, data: { A: b } } }
  - id: n3
    type: deployment
    data:
      name: worker
      image: busybox
edges: []
`;

export interface BuildsRig extends AsyncDisposable {
  readonly rig: Rig;
  readonly repositories: FakeRepositories;
  /** The engine that builds. */
  readonly engine: MemoryTarget;
  start(more?: Partial<NewBuild>): Promise<BuildRecord>;
  /** Everything that happens to a build until it has ended. */
  follow(id: string): Promise<readonly BuildEvent[]>;
  /** The build once it has ended. */
  end(id: string): Promise<BuildRecord>;
}

export interface BuildsRigOptions {
  readonly atOnce?: number;
  readonly timeoutMs?: number;
  readonly files?: Readonly<Record<string, string>>;
  /** Default: none. */
  readonly planner?: BuildPlanner | null;
  readonly more?: RigOptions;
}

/** Options of a rig whose engine `builder` builds what is below `https://git.example.org/`. */
export function buildOptions({
  atOnce = 1,
  timeoutMs = 60_000,
  planner = null,
  files,
  more,
}: BuildsRigOptions = {}) {
  const repositories = createFakeRepositories({
    app: files ?? {
      Dockerfile: DOCKERFILE,
      'main.js': 'x',
      secret: 's',
      '.dockerignore': 'secret\nDockerfile\n',
    },
  });
  const reference = { name: 'builder', kind: 'docker', connection: { type: 'local' } } as const;
  const options: RigOptions = {
    ...more,
    builds: { policy: { engine: reference, atOnce, timeoutMs }, fetcher: repositories, planner },
    registries: {
      kept: createKeptRegistries(createMemoryVault()),
      client: fakeRegistryClient,
      resolve: (name) => new Secret(HUB_PASSWORD, name),
    },
  };
  return { options, repositories };
}

export async function createBuildsRig(given: BuildsRigOptions = {}): Promise<BuildsRig> {
  const { options, repositories } = buildOptions(given);
  const rig = createRig(options);
  const { reconciler, source } = rig;
  source.push({ 'kombinator.yaml': SETTINGS, 'workflows/shop.yaml': WORKFLOW });
  await reconciler.refresh(NEVER);
  const follow = async (id: string) => {
    const events: BuildEvent[] = [];
    for await (const event of reconciler.followBuild(id, AbortSignal.timeout(10_000))) events.push(event);
    return events;
  };
  return {
    rig,
    repositories,
    engine: rig.engine(),
    follow,
    start: (more = {}) =>
      reconciler.startBuild(
        { repository: 'https://git.example.org/app', registry: HUB, imageName: 'team/app', ...more },
        ADA,
        NEVER,
      ),
    async end(id) {
      await follow(id);
      return reconciler.getBuild(id);
    },
    [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose](),
  };
}
