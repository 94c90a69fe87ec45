import { afterAll, beforeAll } from 'vitest';
import { createDockerTarget } from '../../../reconciler/adapters/docker/index.ts';
import type { DockerTarget } from '../../../reconciler/adapters/docker/target.ts';
import { TARGET } from './docker-resources.ts';
import { realClock, silentLogger } from './target-options.ts';
import { buildTestImage } from './test-image.ts';

/** A target on an engine, with an image of the tests, for all tests of a file or a group. */
export function useDockerTarget(host: string, image: string): DockerTarget {
  const connection = { type: 'unix', path: host.replace('unix://', '') } as const;
  const target = createDockerTarget({ name: TARGET, connection, clock: realClock, logger: silentLogger });
  beforeAll(() => buildTestImage(host, image));
  afterAll(() => target[Symbol.asyncDispose]());
  return target;
}
