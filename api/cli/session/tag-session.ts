import type { Actor, Reconciler, Release, ReleaseRequest } from '../../../reconciler/index.ts';
import { formatRelease } from '../../../reconciler/index.ts';
import type { TagView } from '../../operations/tags.ts';
import { listTags, needView } from '../../operations/tags.ts';
import type { RemoteClient } from '../remote/client.ts';
import { fieldsOf, listAt, textAt, textOrNull } from '../remote/decode.ts';

export interface TagDeployment {
  readonly tag: string;
  readonly stack: string;
  /** `null` when the stack's files were as they are at the tag. */
  readonly commit: string | null;
  readonly jobId: string | null;
}

export interface TagStatus {
  readonly tag: TagView;
  readonly stack: string;
  readonly deployed: boolean;
  /** Deployment tag of the newest deployment. */
  readonly deployment: string | null;
  readonly differs: readonly string[];
}

/** Tags of releases. */
export interface TagSession {
  listTags(signal: AbortSignal): Promise<readonly TagView[]>;
  createTag(request: Omit<ReleaseRequest, 'actor'>, signal: AbortSignal): Promise<TagView>;
  moveTag(release: Release, commit: string, signal: AbortSignal): Promise<TagView>;
  deleteTag(release: Release, signal: AbortSignal): Promise<TagView>;
  deployTag(release: Release, signal: AbortSignal): Promise<TagDeployment>;
  tagStatus(release: Release, signal: AbortSignal): Promise<TagStatus>;
}

export interface LocalTagOptions {
  readonly reconciler: Reconciler;
  readonly actor: Actor;
  readonly readOnce: (signal: AbortSignal) => Promise<void>;
}

export function createLocalTags({ reconciler, actor, readOnce }: LocalTagOptions): TagSession {
  return {
    async listTags(signal) {
      await readOnce(signal);
      return listTags({ reconciler });
    },
    createTag: async (request, signal) =>
      needView(await reconciler.createRelease({ ...request, actor }, signal)),
    moveTag: async (release, commit, signal) =>
      needView(await reconciler.moveRelease(release, commit, signal)),
    deleteTag: async (release, signal) => needView(await reconciler.deleteRelease(release, signal)),
    async deployTag(release, signal) {
      const origin = { actor, trigger: 'cli' };
      const { tag, stack, commit, job } = await reconciler.deployRelease(release, origin, signal);
      return { tag: tag.name, stack, commit, jobId: job?.id ?? null };
    },
    async tagStatus(release, signal) {
      const { tag, deployment, ...status } = await reconciler.releaseStatus(release, signal);
      return { ...status, tag: needView(tag), deployment: deployment?.tag ?? null };
    },
  };
}

export function createRemoteTags(client: RemoteClient): TagSession {
  const path = (release: Release) => `/tags/${encodeURIComponent(formatRelease(release))}`;
  return {
    async listTags(signal) {
      return listAt(fieldsOf(await client.get('/tags', { signal }), 'tags'), 'tags', toTag);
    },
    async createTag({ release, ...more }, signal) {
      return toTag(await client.post('/tags', { body: { ...release, ...more }, signal }));
    },
    async moveTag(release, commit, signal) {
      return toTag(await client.post(`${path(release)}/move`, { body: { commit }, signal }));
    },
    async deleteTag(release, signal) {
      return toTag(await client.delete(path(release), { signal }));
    },
    async deployTag(release, signal) {
      const fields = fieldsOf(await client.post(`${path(release)}/deploy`, { signal }), 'deployment');
      const [commit, jobId] = [textOrNull(fields, 'commit'), textOrNull(fields, 'job_id')];
      return { tag: textAt(fields, 'tag'), stack: textAt(fields, 'stack'), commit, jobId };
    },
    async tagStatus(release, signal) {
      const fields = fieldsOf(await client.get(path(release), { signal }), 'tag');
      return {
        tag: toTag(fields['tag']),
        stack: textAt(fields, 'stack'),
        deployed: fields['deployed'] === true,
        deployment: textOrNull(fields, 'deployment'),
        differs: listAt(fields, 'differs', String),
      };
    },
  };
}

function toTag(value: unknown): TagView {
  const fields = fieldsOf(value, 'tag');
  return {
    name: textAt(fields, 'name'),
    scheme: fields['scheme'] === 'deployment' ? 'deployment' : 'release',
    subject: textAt(fields, 'subject'),
    version: textAt(fields, 'version'),
    environment: textOrNull(fields, 'environment'),
    commit: textAt(fields, 'commit'),
    time: textAt(fields, 'time'),
    message: textAt(fields, 'message'),
  };
}
