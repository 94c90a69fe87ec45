import type { Actor, BuildEvent, NewBuild, Reconciler } from '../../../reconciler/index.ts';
import { ReconcilerError } from '../../../reconciler/index.ts';
import type { RemoteClient } from '../remote/client.ts';
import { fieldsOf, listAt, textAt } from '../remote/decode.ts';
import { RemoteError } from '../terminal/failure.ts';

/** A build as it is asked for on the command line. */
export interface BuildRequest extends Omit<NewBuild, 'owner' | 'service'> {
  /** Name or id. */
  readonly registry: string;
}

/** Something that happens to a build, in the words of the command line. */
export type BuildNews =
  | { readonly type: 'log'; readonly level: string; readonly message: string }
  | { readonly type: 'progress'; readonly stage: string; readonly progress: number }
  | {
      readonly type: 'end';
      readonly status: string;
      readonly image: string;
      readonly digest: string;
      /** Empty: it has worked. */
      readonly error: string;
    };

/** Images that are built out of Git repositories. */
export interface BuildSession {
  /** Resolves to the id. */
  startBuild(build: BuildRequest, signal: AbortSignal): Promise<string>;
  /** Tells what it has printed so far and what happens then, until it has ended. */
  followBuild(id: string, signal: AbortSignal): AsyncIterable<BuildNews>;
  cancelBuild(id: string, signal: AbortSignal): Promise<void>;
}

export interface LocalBuildOptions {
  readonly reconciler: Reconciler;
  readonly actor: Actor;
  readonly readOnce: (signal: AbortSignal) => Promise<void>;
}

export function createLocalBuilds({ reconciler, actor, readOnce }: LocalBuildOptions): BuildSession {
  return {
    async startBuild(build, signal) {
      await readOnce(signal);
      const known = reconciler.listRegistries();
      const registry = findRegistry(known, build.registry)?.id;
      if (registry === undefined) throw unknownRegistry(build.registry, known);
      return (await reconciler.startBuild({ ...build, registry }, actor, signal)).id;
    },
    async *followBuild(id, signal) {
      for await (const event of reconciler.followBuild(id, signal)) yield toNews(event);
    },
    async cancelBuild(id) {
      await reconciler.cancelBuild(id);
    },
  };
}

interface NamedRegistry {
  readonly id: string;
  readonly name: string;
}

function findRegistry<T extends NamedRegistry>(known: readonly T[], wanted: string): T | undefined {
  return known.find(({ id }) => id === wanted) ?? known.find(({ name }) => name === wanted);
}

function unknownRegistry(wanted: string, known: readonly NamedRegistry[]): ReconcilerError {
  const names = known.map(({ name }) => name).join(', ');
  return new ReconcilerError(
    'UNKNOWN_REGISTRY',
    `there is no registry ${wanted}; there are: ${names || 'none'}`,
  );
}

function toNews(event: BuildEvent): BuildNews {
  if (event.type === 'log') return { type: 'log', level: event.log.level, message: event.log.message };
  const { stage, progress, status, image, digest, error } = event.build;
  if (event.type === 'progress') return { type: 'progress', stage, progress };
  return { type: 'end', status, image, digest: digest ?? '', error: error ?? '' };
}

/** @param client below `/v1/api` */
export function createRemoteBuilds(client: RemoteClient): BuildSession {
  const path = (id: string) => `/builds/${encodeURIComponent(id)}`;
  return {
    async startBuild(build, signal) {
      const known = listAt(
        fieldsOf(await client.get('/registries', { signal }), 'registries'),
        'registries',
        toNamed,
      );
      const registry = findRegistry(known, build.registry);
      if (registry === undefined) throw unknownRegistry(build.registry, known);
      const workflow =
        build.stack === undefined ? undefined : await findWorkflow(client, build.stack, signal);
      const body = {
        repoUrl: build.repository,
        registryId: registry.id,
        imageName: build.imageName,
        branch: build.branch,
        imageTag: build.tag,
        workflowId: workflow,
        buildContext: build.context,
        dockerfile: build.dockerfile,
        buildArgs: build.args,
        useNixpacks: build.generated,
      };
      const answer = fieldsOf(await client.post('/builds/start', { body, signal }), 'build');
      return textAt(fieldsOf(answer['build'], 'build'), 'id');
    },
    async *followBuild(id, signal) {
      for await (const { event, data } of client.events(`${path(id)}/stream`, { signal })) {
        const news = toRemoteNews(event, data);
        if (news !== null) yield news;
      }
    },
    async cancelBuild(id, signal) {
      await client.post(`${path(id)}/cancel`, { signal });
    },
  };
}

function toNamed(value: unknown): NamedRegistry {
  const fields = fieldsOf(value, 'item');
  return { id: textAt(fields, 'id'), name: textAt(fields, 'name') };
}

async function findWorkflow(client: RemoteClient, wanted: string, signal: AbortSignal): Promise<string> {
  if (/^[0-9a-f]{24}$/.test(wanted)) return wanted;
  const query = { search: wanted, limit: 100 };
  const answer = fieldsOf(await client.get('/workflows', { query, signal }), 'workflows');
  const found = findRegistry(listAt(answer, 'workflows', toNamed), wanted);
  if (found === undefined) throw new RemoteError('UNKNOWN_STACK', `there is no workflow ${wanted}`);
  return found.id;
}

/** `null` for an event that is of no concern here. */
function toRemoteNews(event: string, value: unknown): BuildNews | null {
  const envelope = fieldsOf(value, 'event');
  const data = 'data' in envelope ? fieldsOf(envelope['data'], 'data') : envelope;
  const text = (name: string) => textAt(data, name);
  const none = { image: '', digest: '', error: '' };
  switch (event) {
    case 'log':
      return { type: 'log', level: text('level'), message: text('message') };
    case 'progress':
      return { type: 'progress', stage: text('current_stage'), progress: Number(data['progress']) };
    case 'complete':
      return {
        ...none,
        type: 'end',
        status: 'completed',
        image: text('final_image_ref'),
        digest: text('image_digest'),
      };
    case 'failed':
      return { ...none, type: 'end', status: 'failed', error: text('error_message') };
    case 'cancelled':
      return { ...none, type: 'end', status: 'cancelled' };
    default:
      return null;
  }
}
