import { hasErrors } from '../../base/diagnostic.ts';
import { isReconcilerError, ReconcilerError } from '../../base/errors.ts';
import type { Release } from '../../model/release-tag.ts';
import { formatRelease } from '../../model/release-tag.ts';
import { stackDigest } from '../../model/stack.ts';
import type { DeploymentTag } from '../../ports/source.ts';
import type { Job } from '../../ports/store.ts';
import type {
  ApplyRequest,
  ReleaseDeployment,
  ReleaseOperations,
  ReleaseOrigin,
  ReleaseRequest,
  ReleaseStatus,
} from '../../public/reconciler.ts';
import type { RunContext } from '../context.ts';
import { newestDeployed } from '../record/deployed.ts';
import { settleTags } from '../record/pending-tags.ts';
import type { RepositoryWriter } from './repository-writer.ts';

export interface ReleaseParts {
  readonly context: RunContext;
  readonly writer: RepositoryWriter;
  readonly loop: ReleaseLoop;
}

/** The calls that releases need of the loop. */
export interface ReleaseLoop {
  /** Reads the repository, so that tags and commits are those of now. */
  refreshForWrite(signal: AbortSignal): Promise<void>;
  /** After a commit of our own. */
  written<T>(write: Promise<T>): Promise<T>;
  request(request: ApplyRequest, signal: AbortSignal): Promise<Job>;
}

/** Releases: tags that people make, and the stacks they are of. */
export function createReleases(parts: ReleaseParts): ReleaseOperations {
  const { context, loop } = parts;
  const refresh = (signal: AbortSignal) => {
    context.source.expectTags();
    return loop.refreshForWrite(signal);
  };
  return {
    async createRelease(request, signal) {
      await refresh(signal);
      return create(context, request, signal);
    },
    async moveRelease(release, commit, signal) {
      await refresh(signal);
      const tag = await needTag(context, release);
      const target = await findCommit(context, commit);
      const message = `Moved tag to ${target}`;
      await context.source.moveTag({ name: tag.name, commit: target, message }, tag.commit, signal);
      return needTag(context, release);
    },
    async deleteRelease(release, signal) {
      await refresh(signal);
      const tag = await needTag(context, release);
      await context.source.deleteTag(tag.name, tag.commit, signal);
      return tag;
    },
    async deployRelease(release, origin, signal) {
      await refresh(signal);
      return deploy(parts, { release, origin }, signal);
    },
    async releaseStatus(release, signal) {
      await refresh(signal);
      return readStatus(parts, release, signal);
    },
  };
}

async function create(
  context: RunContext,
  { release, commit, message, force = false }: ReleaseRequest,
  signal: AbortSignal,
): Promise<DeploymentTag> {
  const { service, version, environment } = release;
  stackOf(context, service);
  const name = formatRelease(release);
  const there = await findTag(context, name);
  if (there !== undefined && !force)
    throw new ReconcilerError(
      'TAG_EXISTS',
      `there is a tag ${name} already, on ${there.commit.slice(0, 10)}`,
    );
  const target = commit === undefined ? headOf(context) : await findCommit(context, commit);
  const text = message ?? `Deploy ${service} v${version} to ${environment}`;
  await context.source.moveTag({ name, commit: target, message: text }, there?.commit ?? null, signal);
  return needTag(context, release);
}

async function deploy(
  { context, writer, loop }: ReleaseParts,
  { release, origin }: { readonly release: Release; readonly origin: ReleaseOrigin },
  signal: AbortSignal,
): Promise<ReleaseDeployment> {
  const tag = await needTag(context, release);
  const stack = stackOf(context, release.service);
  const { actor, trigger } = origin;
  const restored = await loop.written(writer.restoreStack(stack, tag, { actor, signal }));
  if (restored !== null) return { tag, stack, commit: restored.commit, job: null };
  return { tag, stack, commit: null, job: await loop.request({ stack, actor, trigger }, signal) };
}

async function readStatus(
  { context, writer }: ReleaseParts,
  release: Release,
  signal: AbortSignal,
): Promise<ReleaseStatus> {
  const tag = await needTag(context, release);
  const stack = stackOf(context, release.service);
  await settleTags(context, stack);
  const deployment = await context.deployments.latest(stack);
  const { revision: from } = newestDeployed(context, stack);
  if (from === null) return { tag, stack, deployment: null, deployed: false, differs: [] };
  const differs = await writer.filesThatDiffer(stack, { from, to: tag.commit }, signal);
  const deployed = differs.length === 0 || (await isWithoutEffect({ context, writer }, stack, tag, signal));
  if (deployment === null) return { tag, stack, deployment, deployed, differs };
  const { number, tag: name, revision, time, author, jobId, summary } = deployment;
  const shown = { number, tag: name, revision, time, author, jobId, summary };
  return { tag, stack, deployment: shown, deployed, differs };
}

/** Tells whether the tag says what the newest commit says, and that describes what was deployed: comments differ, or files that nothing uses. */
async function isWithoutEffect(
  { context, writer }: Pick<ReleaseParts, 'context' | 'writer'>,
  stack: string,
  { commit }: DeploymentTag,
  signal: AbortSignal,
): Promise<boolean> {
  const { desired } = context;
  const described = desired.get(stack);
  if (described === undefined || hasErrors(described.diagnostics)) return false;
  if (stackDigest(described.resources) !== newestDeployed(context, stack).desired) return false;
  return (await writer.filesThatDiffer(stack, { from: headOf(context), to: commit }, signal)).length === 0;
}

async function findTag({ source }: RunContext, name: string): Promise<DeploymentTag | undefined> {
  return (await source.tags(name)).find((tag) => tag.name === name);
}

async function needTag(context: RunContext, release: Release): Promise<DeploymentTag> {
  const name = formatRelease(release);
  const tag = await findTag(context, name);
  if (tag !== undefined) return tag;
  const others = (await context.source.tags(`${release.service}-v`)).map((one) => one.name).slice(-5);
  throw new ReconcilerError(
    'UNKNOWN_TAG',
    `there is no tag ${name}; there are: ${others.join(', ') || 'none of this service'}`,
  );
}

function headOf({ desired }: RunContext): string {
  const head = desired.revision?.commit;
  if (head === undefined) throw new ReconcilerError('BRANCH_NOT_FOUND', 'there is no commit to put a tag on');
  return head;
}

async function findCommit({ source }: RunContext, reference: string): Promise<string> {
  try {
    return (await source.lookup(reference)).commit;
  } catch (error) {
    if (!isReconcilerError(error, 'GIT_ERROR')) throw error;
    throw new ReconcilerError('BAD_OPTIONS', error.message, { cause: error });
  }
}

/** The stack of that name, else the only one with a service of that name. Throws BAD_OPTIONS. */
function stackOf({ desired, stacks }: RunContext, service: string): string {
  const names = desired.names();
  if (names.includes(service) || stacks.targetsOf(service).length > 0) return service;
  const having = names.filter((name) => desired.get(name)?.services.some((one) => one.name === service));
  const [only, ...others] = having;
  if (only !== undefined && others.length === 0) return only;
  const message =
    only === undefined
      ? `Invalid service: ${service} is no stack, and no service of one`
      : `Invalid service: ${service} is a service of several stacks: ${having.join(', ')}; name a stack`;
  throw new ReconcilerError('BAD_OPTIONS', message);
}
