import { ANSWERS } from './answer-shapes.ts';
import type { Engine } from './engine.ts';
import { ignoreStatus, orNull } from './engine-answers.ts';
import { IMAGE_LABEL } from '../labels.ts';
import type { Transport } from './transport.ts';

/** Time that an engine may take to answer a request that makes it work. */
const SLOW_MS = 120_000;
/** Time that sending it the files of a build may take. */
const UPLOAD_MS = 1_800_000;

type ImageCalls = Pick<
  Engine,
  | 'inspectImage'
  | 'listImages'
  | 'openBuildSession'
  | 'buildImage'
  | 'untagImage'
  | 'tagImage'
  | 'pushImage'
  | 'pullImage'
  | 'registryDigest'
>;

export function imageCalls(transport: Transport): ImageCalls {
  return {
    ...nameCalls(transport),
    listImages: (stack, signal) =>
      transport.json({
        method: 'GET',
        path: '/images/json',
        query: { filters: { label: [stack === null ? IMAGE_LABEL.stack : `${IMAGE_LABEL.stack}=${stack}`] } },
        answer: ANSWERS.images,
        doing: 'list images',
        signal,
      }),
    // Few stacks build anything, and the protocol takes a while to load.
    openBuildSession: async (needs, signal) =>
      (await import('../images/build-session.ts')).openBuildSession(transport, needs, signal),
    buildImage: (file, options) =>
      transport.stream({ method: 'POST', path: '/build', file, timeoutMs: UPLOAD_MS, ...options }),
    inspectImage(reference, signal) {
      const request = { method: 'GET', path: `/images/${reference}/json`, answer: ANSWERS.image } as const;
      return orNull(transport.json({ ...request, doing: 'inspect image', signal }));
    },
    pullImage(reference, { auth, platform, signal }) {
      // The engine pulls just the one image when `fromImage` holds a digest or tag.
      const query = { fromImage: reference, ...(platform === undefined ? {} : { platform }) };
      const doing = `pull ${reference}`;
      return transport.stream({
        method: 'POST',
        path: '/images/create',
        query,
        auth,
        doing,
        timeoutMs: SLOW_MS,
        signal,
      });
    },
    async registryDigest(reference, auth, signal) {
      const request = { method: 'GET', path: `/distribution/${reference}/json`, auth } as const;
      const answer = await transport.json<{ Descriptor?: { digest?: string } | null }>({
        ...request,
        answer: ANSWERS.distribution,
        doing: `ask the registry for ${reference}`,
        timeoutMs: 15_000,
        signal,
      });
      return answer.Descriptor?.digest ?? '';
    },
  };
}

/** Names of images, here and at registries. */
function nameCalls(transport: Transport): Pick<Engine, 'untagImage' | 'tagImage' | 'pushImage'> {
  return {
    untagImage: (reference, signal) =>
      ignoreStatus(
        [404],
        transport.json({
          method: 'DELETE',
          path: `/images/${reference}`,
          // Containers that others made from it keep it, without its name.
          query: { force: true },
          doing: `remove image ${reference}`,
          timeoutMs: SLOW_MS,
          signal,
        }),
      ),
    async tagImage(image, reference, signal) {
      const { repository, tag } = splitTag(reference);
      const path = `/images/${image}/tag`;
      const query = { repo: repository, tag };
      const doing = `tag an image as ${reference}`;
      await transport.json({ method: 'POST', path, query, doing, timeoutMs: SLOW_MS, signal });
    },
    pushImage(reference, { auth, signal }) {
      const { repository, tag } = splitTag(reference);
      const path = `/images/${repository}/push`;
      const doing = `push ${reference}`;
      return transport.stream({
        method: 'POST',
        path,
        query: { tag },
        auth,
        doing,
        timeoutMs: SLOW_MS,
        signal,
      });
    },
  };
}

/** The parts of a reference with a tag; a port of its host is none. */
function splitTag(reference: string): { readonly repository: string; readonly tag: string } {
  const at = reference.lastIndexOf(':');
  return at > reference.lastIndexOf('/')
    ? { repository: reference.slice(0, at), tag: reference.slice(at + 1) }
    : { repository: reference, tag: 'latest' };
}
