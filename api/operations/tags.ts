import type {
  Actor,
  DeploymentTag,
  Release,
  ReleaseDeployment,
  ReleaseRequest,
  ReleaseStatus,
} from '../../reconciler/index.ts';
import { parseRelease, ReconcilerError } from '../../reconciler/index.ts';
import type { ApiDeps } from './deps.ts';
import { newSignal, readAgain } from './write.ts';

/** A tag that says what was, or is to be, deployed. */
export interface TagView extends DeploymentTag {
  /** `deployment`: ours, `deploy/<stack>/<n>` or `deploy/@<root>/<stack>/<n>`; `release`: `<service>-v<X.Y.Z>-<environment>`. */
  readonly scheme: 'deployment' | 'release';
  /** Stack or service. */
  readonly subject: string;
  /** Number of the deployment, or version of the release. */
  readonly version: string;
  readonly environment: string | null;
}

const DEPLOYMENT = /^deploy\/(?:@[^/]+\/)?([^/@][^/]*)\/(\d+)$/;

/** Deployment tags of both schemes: releases first, the newest version first; then deployments, the newest first. */
export async function listTags({ reconciler }: Pick<ApiDeps, 'reconciler'>): Promise<readonly TagView[]> {
  const tags = (await reconciler.listTags()).map(toTagView).filter((tag) => tag !== null);
  return tags.sort(compareTags);
}

/** Throws TAG_EXISTS, BAD_OPTIONS, WRITE_CONFLICT. */
export async function createTag(deps: ApiDeps, request: ReleaseRequest): Promise<TagView> {
  return needView(await deps.reconciler.createRelease(request, newSignal()));
}

/** Throws UNKNOWN_TAG, BAD_OPTIONS, WRITE_CONFLICT. */
export async function moveTag(deps: ApiDeps, name: string, commit: string): Promise<TagView> {
  return needView(await deps.reconciler.moveRelease(releaseOf(name), commit, newSignal()));
}

export async function deleteTag(deps: ApiDeps, name: string): Promise<TagView> {
  return needView(await deps.reconciler.deleteRelease(releaseOf(name), newSignal()));
}

/** A commit, or a job where none was needed. */
export async function deployTag(deps: ApiDeps, name: string, actor: Actor): Promise<ReleaseDeployment> {
  const deployed = await deps.reconciler.deployRelease(
    releaseOf(name),
    { actor, trigger: 'api' },
    newSignal(),
  );
  await readAgain(deps);
  return deployed;
}

export function readTagStatus(deps: ApiDeps, name: string, signal: AbortSignal): Promise<ReleaseStatus> {
  return deps.reconciler.releaseStatus(releaseOf(name), signal);
}

function releaseOf(name: string): Release {
  const release = parseRelease(name);
  if (release === null)
    throw new ReconcilerError('UNKNOWN_TAG', `${name} is no tag <service>-v<X.Y.Z>-<environment>`);
  return release;
}

export function needView(tag: DeploymentTag): TagView {
  const view = toTagView(tag);
  if (view === null) throw new Error(`internal: ${tag.name} is of no scheme`);
  return view;
}

export function toTagView(tag: DeploymentTag): TagView | null {
  const [, stack, number] = DEPLOYMENT.exec(tag.name) ?? [];
  if (stack !== undefined && number !== undefined)
    return { ...tag, scheme: 'deployment', subject: stack, version: number, environment: null };
  const release = parseRelease(tag.name);
  if (release === null) return null;
  const { service: subject, version, environment } = release;
  return { ...tag, scheme: 'release', subject, version, environment };
}

function compareTags(a: TagView, b: TagView): number {
  if (a.scheme !== b.scheme) return a.scheme === 'release' ? -1 : 1;
  const subject = a.subject.localeCompare(b.subject);
  if (subject !== 0) return subject;
  return b.version.localeCompare(a.version, 'en', { numeric: true }) || (a.name < b.name ? -1 : 1);
}
