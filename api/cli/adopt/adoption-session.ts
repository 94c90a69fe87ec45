import type { AdoptionPreview, AdoptRequest, ProjectList, Reconciler } from '../../../reconciler/index.ts';
import type { Actor } from '../../../reconciler/index.ts';
import type { RemoteClient } from '../remote/client.ts';
import { fieldsOf, textAt } from '../remote/decode.ts';

export interface Adopted {
  readonly stack: string;
  readonly commit: string;
  readonly file: string;
}

/** Compose projects that become stacks, and stacks that become Compose projects again. */
export interface AdoptionSession {
  listProjects(signal: AbortSignal): Promise<ProjectList>;
  /** Returns what `Reconciler.previewAdoption` does; writes nothing. */
  previewAdoption(request: AdoptRequest, signal: AbortSignal): Promise<AdoptionPreview>;
  adopt(request: AdoptRequest, signal: AbortSignal): Promise<Adopted>;
  release(stack: string, signal: AbortSignal): Promise<Adopted>;
}

interface LocalAdoptionOptions {
  readonly reconciler: Reconciler;
  readonly actor: Actor;
  readonly readOnce: (signal: AbortSignal) => Promise<void>;
}

export function createLocalAdoptions({ reconciler, actor, readOnce }: LocalAdoptionOptions): AdoptionSession {
  /** A repository without a stack is where most begin. */
  const read = async (signal: AbortSignal) => {
    await readOnce(signal).catch(() => undefined);
  };
  return {
    async listProjects(signal) {
      await read(signal);
      return reconciler.listProjects(signal);
    },
    async previewAdoption(request, signal) {
      await read(signal);
      return reconciler.previewAdoption(request, signal);
    },
    adopt: (request, signal) => reconciler.adopt(request, actor, signal),
    async release(stack, signal) {
      await read(signal);
      return { ...(await reconciler.release(stack, actor, signal)), stack };
    },
  };
}

export function createRemoteAdoptions(client: RemoteClient): AdoptionSession {
  const pathOf = ({ project }: AdoptRequest) => `/projects/${encodeURIComponent(project)}`;
  return {
    async listProjects(signal) {
      const answer: unknown = await client.get('/projects', { signal });
      return answer as ProjectList;
    },
    async previewAdoption(request, signal) {
      const { project: _, ...query } = request;
      const answer: unknown = await client.get(`${pathOf(request)}/adoption`, {
        query: given(query),
        signal,
      });
      return answer as AdoptionPreview;
    },
    async adopt(request, signal) {
      const { project: _, ...body } = request;
      return readAdopted(await client.post(`${pathOf(request)}/adopt`, { body, signal }));
    },
    async release(stack, signal) {
      return readAdopted(await client.post(`/stacks/${encodeURIComponent(stack)}/release`, { signal }));
    },
  };
}

function given({ node, stack }: Omit<AdoptRequest, 'project'>): Record<string, string> {
  return { ...(node ? { node } : {}), ...(stack === undefined ? {} : { stack }) };
}

function readAdopted(value: unknown): Adopted {
  const fields = fieldsOf(value, 'adoption');
  return { stack: textAt(fields, 'stack'), commit: textAt(fields, 'commit'), file: textAt(fields, 'file') };
}
