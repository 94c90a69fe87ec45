import { ReconcilerError } from '../../../reconciler/base/errors.ts';
import type { BuildsImages, ImageBuild, ImagePush } from '../../../reconciler/ports/builds/builds-images.ts';
import type { Step } from './memory-faults.ts';

export interface MemoryBuilds {
  /** Ids of images that are built and not taken away. */
  readonly images: Set<string>;
  /** `hub.example.org/app:1 as ada`, oldest first. */
  readonly pushed: string[];
  /** Builds as they were asked for, oldest first. */
  readonly asked: ImageBuild[];
  /** Plays what a build does besides. Default: nothing. */
  play: ((build: ImageBuild) => Promise<void> | void) | null;
  /** Error of every push; default none. */
  refusal: Error | null;
}

export const MEMORY_DIGEST = `sha256:${'d'.repeat(64)}`;

/** An engine that builds what `FROM scratch` says, prints what its steps `echo`, and pushes it nowhere. Calls are named `build`, `push` and `drop`. */
export function createMemoryBuilds(step: Step): BuildsImages & { readonly builds: MemoryBuilds } {
  const builds: MemoryBuilds = { images: new Set(), pushed: [], asked: [], play: null, refusal: null };
  return {
    builds,
    async buildImage(build, signal) {
      builds.asked.push(build);
      const file = build.files.find(({ path }) => path === build.dockerfile);
      const text = Buffer.from((await build.readBlob(file?.blob ?? '')) ?? []).toString('utf8');
      const steps = text.split('\n').filter((line) => line.trim() !== '');
      for (const [index, line] of steps.entries()) {
        build.onLine(`Step ${index + 1}/${steps.length} : ${line}`, `${index + 1}/${steps.length}`);
        const said = /^RUN echo (.*)$/.exec(line)?.[1];
        if (said !== undefined) build.onLine(said, null);
        if (line === 'RUN false')
          throw new ReconcilerError('BUILD_FAILED', 'the image could not be built: exit code: 1');
      }
      await builds.play?.(build);
      await step('build', signal);
      builds.images.add(build.id);
      return 1_234;
    },
    async pushImage({ reference, registry, onLine }: ImagePush, signal) {
      onLine(`The push refers to repository [${reference}]`);
      if (builds.refusal !== null) throw builds.refusal;
      await step('push', signal);
      builds.pushed.push(`${reference} as ${registry.username}`);
      return MEMORY_DIGEST;
    },
    async dropBuild({ id }, signal) {
      await step('drop', signal);
      builds.images.delete(id);
    },
  };
}
