import type { Release } from '../model/release-tag.ts';
import type { DeploymentTag } from '../ports/source.ts';
import type { Job } from '../ports/store.ts';
import type { Actor, Deployment } from './views.ts';

export interface ReleaseRequest {
  readonly release: Release;
  /** A commit, branch or tag by name. Default: the newest commit of the branch. */
  readonly commit?: string;
  /** Default: `Deploy <service> v<version> to <environment>`. */
  readonly message?: string;
  /** Moves the tag when there is one. Default false. */
  readonly force?: boolean;
  readonly actor: Actor;
}

export interface ReleaseDeployment {
  readonly tag: DeploymentTag;
  readonly stack: string;
  /** The commit that brought the stack's files to what they are at the tag; `null` when they were so already. */
  readonly commit: string | null;
  /** Job of the apply where no commit was needed; a commit is reconciled like any push. */
  readonly job: Job | null;
}

export interface ReleaseStatus {
  readonly tag: DeploymentTag;
  readonly stack: string;
  /** The newest deployment of the stack. */
  readonly deployment: Deployment | null;
  /** True when what was deployed last is what the tag says, though files may differ that change nothing of what runs. */
  readonly deployed: boolean;
  /** Files of the stack that differ between the two. */
  readonly differs: readonly string[];
}

/** Tags `<service>-v<X.Y.Z>-<environment>`, which people put on what is to be deployed. */
export interface ReleaseOperations {
  /** Throws TAG_EXISTS, BAD_OPTIONS when the service is none of one stack or there is no such commit, WRITE_CONFLICT. */
  createRelease(request: ReleaseRequest, signal: AbortSignal): Promise<DeploymentTag>;
  /** Throws UNKNOWN_TAG, BAD_OPTIONS, WRITE_CONFLICT when somebody was faster. Deploys nothing. */
  moveRelease(release: Release, commit: string, signal: AbortSignal): Promise<DeploymentTag>;
  /** Throws UNKNOWN_TAG, WRITE_CONFLICT. What runs stays. */
  deleteRelease(release: Release, signal: AbortSignal): Promise<DeploymentTag>;
  /** Commits the stack's files as they are at the tag, and deploys them like any push. Throws UNKNOWN_TAG, WRITE_CONFLICT. */
  deployRelease(release: Release, origin: ReleaseOrigin, signal: AbortSignal): Promise<ReleaseDeployment>;
  /** Throws UNKNOWN_TAG. */
  releaseStatus(release: Release, signal: AbortSignal): Promise<ReleaseStatus>;
}

export interface ReleaseOrigin {
  readonly actor: Actor;
  readonly trigger: string;
}
