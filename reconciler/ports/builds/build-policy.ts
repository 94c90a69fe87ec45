import { ReconcilerError } from '../../base/errors.ts';
import type { DockerReference } from '../../model/target.ts';
import type { BuildPlanner } from './build-planner.ts';
import type { RepositoryFetcher } from './repository-fetcher.ts';

/** Decision of the operator that images may be built, and where. */
export interface BuildPolicy {
  /** Engine that builds: what Dockerfiles say is run there. */
  readonly engine: DockerReference;
  /** Builds that go on at once; others wait. */
  readonly atOnce: number;
  /** Milliseconds after which a build is given up. */
  readonly timeoutMs: number;
}

/** The operator's decision, and the part that fetches from the places that come with it. */
export interface BuildSetup {
  /** `null`: there are no builds. */
  readonly policy: BuildPolicy | null;
  readonly fetcher: RepositoryFetcher;
  /** `null`: only what has a Dockerfile is built. */
  readonly planner: BuildPlanner | null;
}

function refuse(): Promise<never> {
  const message =
    "no images are built here: the operator's configuration names no engine that builds, and no places that repositories may come from (builds)";
  return Promise.reject(new ReconcilerError('BAD_OPTIONS', message));
}

/** Nothing is built. */
export const NO_BUILDS: BuildSetup = {
  policy: null,
  planner: null,
  fetcher: { check: refuse, fetch: refuse, sweep: () => Promise.resolve() },
};
