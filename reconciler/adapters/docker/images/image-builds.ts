import { toCancelled } from '../../../base/errors.ts';
import { createMask, Secret } from '../../../model/secret.ts';
import type { BuildsImages, ImageBuild, ImagePush } from '../../../ports/builds/builds-images.ts';
import type { Adapter } from '../adapter.ts';
import { streamContext } from './build-context.ts';
import { toBuildError } from './build-image.ts';
import { BuildFailure } from './build-output.ts';
import { pushImage } from './push-image.ts';
import { runBuild } from './run-build.ts';

type Dropped = Parameters<BuildsImages['dropBuild']>[0];

/** Name of an image until it is pushed; nobody else gives such names. */
export function buildName(id: string): string {
  return `kombinator-build:${id}`;
}

/** Builds an image under a name of its own. Resolves to its size in bytes. Throws BUILD_FAILED. */
export async function buildForOthers(
  adapter: Adapter,
  { id, files, readBlob, dockerfile, args, registries, onLine }: ImageBuild,
  until: AbortSignal,
): Promise<number | null> {
  const name = buildName(id);
  const given = Object.entries(args).map(([key, value]) => new Secret(value, key));
  const mask = createMask([{ given: [...given, ...registries.map(({ password }) => password)] }]);
  try {
    await runBuild(
      adapter,
      {
        doing: `build ${name}`,
        query: {
          t: [name],
          dockerfile,
          rm: true,
          forcerm: true,
          pull: true,
          buildargs: JSON.stringify(args),
        },
        isForBuildKit: () => true,
        registries,
        secrets: new Map(),
        context: (signal) => streamContext(files, { readBlob, signal }),
        mask,
        onLine,
      },
      until,
    );
  } catch (error) {
    if (until.aborted) throw toCancelled(until, 'build');
    throw error instanceof BuildFailure ? toBuildError('the image', error, mask) : error;
  }
  const image = await adapter.engine.inspectImage(name, until);
  return image?.Size ?? null;
}

/** Gives the image of a build its name at the registry, and pushes it. Resolves to the digest. */
export async function pushBuild(
  adapter: Adapter,
  push: Parameters<BuildsImages['pushImage']>[0],
  until: AbortSignal,
): Promise<string> {
  const { id, reference } = push;
  const before = await adapter.engine.inspectImage(reference, until);
  await adapter.engine.tagImage(buildName(id), reference, until);
  try {
    return await pushImage(adapter, push, until);
  } finally {
    await restoreName(adapter, { id, reference }, before?.Id);
  }
}

/** Puts the name back: whoever runs an image of it on this engine goes on finding the one that was there. */
async function restoreName(
  adapter: Adapter,
  { id, reference }: Pick<ImagePush, 'id' | 'reference'>,
  before: string | undefined,
): Promise<void> {
  const { signal } = new AbortController();
  const built = await adapter.engine.inspectImage(buildName(id), signal);
  const now = await adapter.engine.inspectImage(reference, signal);
  if (built === null || now?.Id !== built.Id || built.Id === before) return;
  if (before === undefined) await adapter.engine.untagImage(reference, signal);
  else await adapter.engine.tagImage(before, reference, signal);
}

/** Takes away the names that a build has given. */
export async function dropBuild(
  adapter: Adapter,
  { id, reference }: Dropped,
  until: AbortSignal,
): Promise<void> {
  const built = await adapter.engine.inspectImage(buildName(id), until);
  if (built === null) return;
  const named = reference === null ? null : await adapter.engine.inspectImage(reference, until);
  if (reference !== null && named?.Id === built.Id) await adapter.engine.untagImage(reference, until);
  await adapter.engine.untagImage(buildName(id), until);
}
