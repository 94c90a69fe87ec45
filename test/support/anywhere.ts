import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { createKubernetesTarget } from '../../reconciler/adapters/kubernetes/index.ts';
import { Secret } from '../../reconciler/model/secret.ts';
import type { Clock } from '../../reconciler/ports/clock.ts';
import type { FileWrite } from '../../reconciler/ports/source.ts';
import type { Target } from '../../reconciler/ports/target.ts';
import type { TargetReference } from '../../reconciler/model/target.ts';
import type { StackView, SyncState } from '../../reconciler/public/reconciler.ts';
import { createDesiredState } from '../../reconciler/desired/desired-state.ts';
import { checkSchema, createFixedSecrets } from './desired-fixtures.ts';
import { eventually } from './eventually.ts';
import { createMemorySource } from './memory/memory-source.ts';
import type { Rig } from './reconciler-rig.ts';
import { createRig } from './reconciler-rig.ts';
import { realClock, silentLogger } from './docker/target-options.ts';

const EXAMPLE = join(import.meta.dirname, '../../examples/kombinations/anywhere');
const FILE = 'kombinations/notebook/kombination.yaml';
const OTHER = 'name: other\ncluster: prod\nstatus: draft\nnodes: []\nedges: []\n';
/** The line of the example that says what its node is. */
export const NODE = '- { name: prod, type: docker, connection: { host: localhost } }';
export const CLUSTER_NODE = '- { name: prod, type: kubernetes }';

export interface AnywhereOptions {
  /** Name of the stack and so of its namespace. */
  readonly name: string;
  /** Image in place of that of the example. */
  readonly image: string;
  /** `clusters/prod.yaml` */
  readonly cluster: string;
  readonly clock?: Clock;
  /** Creates targets for nodes that are machines. Default: there are none. */
  readonly createDockerTarget?: (reference: TargetReference) => Target;
}

/** The example under another name, on a reconciler in this process. */
export interface Anywhere extends AsyncDisposable {
  readonly rig: Rig;
  readonly name: string;
  /** Commits the example as `change` rewrites its file; `null` takes it away. */
  push(change: ((text: string) => string) | null): void;
  reaches(state: SyncState, timeoutMs?: number): Promise<StackView>;
}

export function startAnywhere(options: AnywhereOptions): Anywhere {
  const { name, image, cluster } = options;
  const source = createMemorySource();
  const secrets = createFixedSecrets({ 'secret://file/notebook-key': 'correct-horse' });
  const clock = options.clock ?? realClock;
  const rig = createRig({
    source,
    ...(options.clock ? {} : { clock }),
    desired: createDesiredState({ source, secrets, checkSchema }),
    createTarget(reference) {
      if (reference.kind === 'docker') {
        if (!options.createDockerTarget) throw new Error('no machine is meant to be used');
        return options.createDockerTarget(reference);
      }
      if (reference.kind === 'extension') throw new Error('no kinds are registered');
      const resolveSecret = (text: string) => new Secret('token', text);
      const { connection } = reference;
      return createKubernetesTarget({
        name: reference.name,
        connection,
        resolveSecret,
        clock: realClock,
        logger: silentLogger,
      });
    },
  });
  const files = readExample();
  const text = String(files.find(({ path }) => path === FILE)?.content);
  const own = text.replace('name: notebook', `name: ${name}`).replaceAll('busybox:1.37', image);
  return {
    rig,
    name,
    push(change) {
      const others = files.filter(({ path }) => path !== FILE && path !== 'clusters/prod.yaml');
      source.pushWrites([
        ...others,
        // A repository that describes nothing any more deletes nothing.
        { path: 'workflows/other.yaml', content: OTHER, type: 'file' },
        { path: 'clusters/prod.yaml', content: Buffer.from(cluster), type: 'file' },
        { path: FILE, content: change && Buffer.from(change(own)), type: 'file' },
      ]);
    },
    async reaches(state, timeoutMs = 20_000) {
      const { reconciler } = rig;
      const look = () => (reconciler.stackNames().includes(name) ? reconciler.getStack(name) : undefined);
      const view = await eventually(look, (value) => value?.state === state, timeoutMs);
      if (view?.state === state) return view;
      const log = view?.lastJob ? JSON.stringify(reconciler.getJob(view.lastJob.id), null, 1) : '';
      throw new Error(`${name} is ${view?.state} (${view?.message ?? ''}), not ${state}\n${log}`);
    },
    [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose](),
  };
}

/** Every file of the example. */
export function readExample(): readonly FileWrite[] {
  return readdirSync(EXAMPLE, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const executable = (statSync(path).mode & 0o111) !== 0;
      const name = relative(EXAMPLE, path).split(sep).join('/');
      return { path: name, content: readFileSync(path), type: executable ? 'executable' : 'file' } as const;
    });
}
