import { createAbortScope } from '../../base/abort-scope.ts';
import { errorMessage, isReconcilerError, ReconcilerError } from '../../base/errors.ts';
import type { RegistryCredentials } from '../../model/registry.ts';
import type { TargetReference } from '../../model/target.ts';
import type { BuildPolicy } from '../../ports/builds/build-policy.ts';
import type { BuildLog, BuildRecord, BuildStage } from '../../ports/builds/build-records.ts';
import type { BuildPlanner } from '../../ports/builds/build-planner.ts';
import type { BuildsImages, ImageBuild } from '../../ports/builds/builds-images.ts';
import type { FetchedRepository, RepositoryFetcher } from '../../ports/builds/repository-fetcher.ts';
import { requireCapability } from '../../ports/target-capabilities.ts';
import type { Target } from '../../ports/target.ts';
import { collectContext, withPlan } from './build-context.ts';
import type { OpenBuild } from './open-build.ts';
import { BuildStop } from './open-build.ts';
import type { BuildRequest } from './read-request.ts';

export interface BuildSteps {
  readonly policy: BuildPolicy;
  readonly fetcher: RepositoryFetcher;
  /** `null`: there is no program that plans builds. */
  readonly planner: BuildPlanner | null;
  readonly createTarget: (reference: TargetReference) => Target;
  /** Throws UNKNOWN_REGISTRY, BAD_OPTIONS without credentials. */
  readonly login: (registry: string, signal: AbortSignal) => Promise<RegistryCredentials>;
  /** Commits the image to the stack; resolves to the commit, `null` where it was there already. */
  readonly giveImage: (build: OpenBuild, digest: string) => Promise<string | null>;
}

/** Whom a build tells how it goes. */
export interface BuildReport {
  update(changes: Partial<BuildRecord>): void;
  log(message: string, level?: BuildLog['level']): void;
}

/** Cleaning up is given up after this time: the engine may be away. */
const CLEAN_UP_MS = 60_000;
/** Share of the progress that building has: from here, and how much. */
const BUILDING = { from: 30, to: 75 } as const;

/** A part of a build that failed. */
class StageError extends Error {
  readonly stage: BuildStage;
  override readonly cause: unknown;

  constructor(stage: BuildStage, cause: unknown) {
    super(errorMessage(cause));
    this.stage = stage;
    this.cause = cause;
  }
}

/** Carries a build out, and tells how it ended. Never rejects. */
export async function runBuild(
  steps: BuildSteps,
  build: OpenBuild,
  report: BuildReport,
): Promise<Partial<BuildRecord>> {
  const { timeoutMs } = steps.policy;
  using scope = createAbortScope({
    signals: [build.stop.signal],
    timeoutMs,
    timeoutReason: () =>
      new BuildStop('late', `it was not done within ${Math.round(timeoutMs / 60_000)} minutes`),
  });
  const { signal } = scope;
  try {
    return await carryOut(steps, build, { report, signal });
  } catch (error) {
    const end = endOf(error, signal);
    if (end.error) report.log(end.error, 'error');
    return end;
  }
}

interface Run {
  readonly report: BuildReport;
  readonly signal: AbortSignal;
}

async function carryOut(
  steps: BuildSteps,
  build: OpenBuild,
  { report, signal }: Run,
): Promise<Partial<BuildRecord>> {
  const { request, record } = build;
  report.update({ status: 'cloning', stage: 'Cloning repository', progress: 5 });
  report.log(`cloning ${record.repository}`);
  await using repository = await inStage('clone', () =>
    steps.fetcher.fetch(request.repository, request.branch, signal),
  );
  report.update({ branch: repository.branch, commit: repository.commit });
  report.log(`${repository.branch} is at ${repository.commit.slice(0, 12)}: ${repository.subject}`);
  await using target = steps.createTarget(steps.policy.engine);
  const engine = requireCapability(target, 'buildsImages');
  try {
    const size = await buildImage(steps, { build, engine, repository }, { report, signal });
    report.update({ status: 'pushing', stage: 'Pushing image', progress: BUILDING.to, size });
    report.log(`pushing ${record.image}`);
    const digest = await inStage('push', async () => {
      const registry = await steps.login(record.registry, signal);
      return engine.pushImage(
        { id: record.id, reference: record.image, registry, onLine: (text) => report.log(text) },
        signal,
      );
    });
    report.log(`pushed as ${digest}`);
    const write = record.stack === null ? null : await giveImage(steps, build, { digest, report });
    return { status: 'completed', stage: 'Completed', progress: 100, digest, write };
  } finally {
    await cleanUp(engine, record, report);
  }
}

interface Building {
  readonly build: OpenBuild;
  readonly engine: BuildsImages;
  readonly repository: FetchedRepository;
}

async function buildImage(
  steps: BuildSteps,
  { build, engine, repository }: Building,
  { report, signal }: Run,
): Promise<number | null> {
  const { request, record } = build;
  report.update({ status: 'building', stage: 'Preparing Dockerfile', progress: 20 });
  const { files, readBlob, dockerfile, args } = await inStage('dockerfile', () =>
    prepare(steps, { request, repository }, { report, signal }),
  );
  report.update({ stage: 'Building image', progress: BUILDING.from });
  return inStage('build', async () => {
    const registry = await steps.login(record.registry, signal);
    const onLine = (text: string, step: string | null) => {
      report.log(text);
      const progress = step === null ? null : progressAt(step);
      if (progress !== null && progress > build.record.progress) report.update({ progress });
    };
    return engine.buildImage(
      { id: record.id, files, readBlob, dockerfile, args, registries: [registry], onLine },
      signal,
    );
  });
}

interface Prepared extends Pick<ImageBuild, 'files' | 'readBlob' | 'dockerfile' | 'args'> {}

/** Collects what is built; without a Dockerfile, or where that is wanted, a program plans it. */
async function prepare(
  { planner }: BuildSteps,
  { request, repository }: { readonly request: BuildRequest; readonly repository: FetchedRepository },
  { report, signal }: Run,
): Promise<Prepared> {
  const context = await collectContext(repository, request);
  for (const warning of context.warnings) report.log(warning, 'warn');
  const { dockerfile, files, readBlob } = context;
  const isPlanned = planner !== null && (dockerfile === null || request.generated);
  if (isPlanned) {
    const plan = await planner.plan(context, signal);
    report.log(`planned by ${plan.program}`);
    report.update({ generated: true });
    const planned = withPlan(context, plan);
    return { ...planned, dockerfile: plan.dockerfile, args: { ...plan.args, ...request.args } };
  }
  if (dockerfile === null) {
    const message = `there is no Dockerfile in ${request.context}, and the operator has named no program that makes one up (builds.planner)`;
    throw new ReconcilerError('BAD_OPTIONS', message);
  }
  if (request.generated)
    report.log('the operator has named no program that plans builds: the Dockerfile is taken');
  report.update({ dockerfile, generated: false });
  return { files, readBlob, dockerfile, args: request.args };
}

/** `2/4`, `build 2/4`; several stages count each for itself. */
function progressAt(step: string): number | null {
  const [, number = '', of = ''] = /(\d{1,6})\/(\d{1,6})$/.exec(step) ?? [];
  const share = (Number(number) - 1) / Number(of);
  return share >= 0 && share <= 1 ? Math.round(BUILDING.from + (BUILDING.to - BUILDING.from) * share) : null;
}

/** The image is there: that its stack could not have it is told, and no failure of the build. */
async function giveImage(
  steps: BuildSteps,
  build: OpenBuild,
  { digest, report }: { readonly digest: string; readonly report: BuildReport },
): Promise<string | null> {
  const { stack } = build.record;
  try {
    const commit = await steps.giveImage(build, digest);
    report.log(
      commit === null
        ? `${stack} has the image already`
        : `${stack} has the image with ${commit.slice(0, 12)}`,
    );
    return commit;
  } catch (error) {
    report.log(`the image is pushed, but ${stack} does not have it: ${errorMessage(error)}`, 'warn');
    return null;
  }
}

async function cleanUp(engine: BuildsImages, { id }: BuildRecord, report: BuildReport): Promise<void> {
  using scope = createAbortScope({ signals: [], timeoutMs: CLEAN_UP_MS });
  // A push puts the name back itself: an image that had it before may be this very one.
  await engine.dropBuild({ id, reference: null }, scope.signal).catch((error: unknown) => {
    report.log(`the engine still has what was built: ${errorMessage(error)}`, 'warn');
  });
}

async function inStage<T>(stage: BuildStage, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new StageError(stage, error);
  }
}

function endOf(error: unknown, signal: AbortSignal): Partial<BuildRecord> {
  const reason: unknown = signal.reason;
  if (signal.aborted && reason instanceof BuildStop) {
    if (reason.kind === 'cancelled') return { status: 'cancelled', stage: reason.message };
    return { status: 'failed', stage: 'Failed', error: reason.message, errorStage: stageOf(error) };
  }
  const { cause } = error instanceof StageError ? error : { cause: error };
  // The words of our own errors are for people; a fault of this program is for its log.
  const message = isReconcilerError(cause) ? errorMessage(cause) : `internal: ${errorMessage(cause)}`;
  return { status: 'failed', stage: 'Failed', error: message, errorStage: stageOf(error) };
}

function stageOf(error: unknown): BuildStage {
  return error instanceof StageError ? error.stage : 'build';
}
