import { Readable } from 'node:stream';
import type { BuiltImageSpec } from '../../../model/docker/docker-spec.ts';
import { isReconcilerError, ReconcilerError, toCancelled } from '../../../base/errors.ts';
import type { DesiredResource } from '../../../model/resource.ts';
import { createMask, isSensitiveName, Secret } from '../../../model/secret.ts';
import type { ApplyContext } from '../../../ports/target.ts';
import type { Adapter } from '../adapter.ts';
import { streamContext } from './build-context.ts';
import { BuildFailure } from './build-output.ts';
import { buildImageLabels } from '../labels.ts';
import type { EngineBuild } from './run-build.ts';
import { runBuild } from './run-build.ts';
import { speaks } from '../engine/transport.ts';

/** Lines of one build that are told; after them only the steps are. */
const MAX_LINES_REPORTED = 1_000;

/**
 * Builds an image from files of the repository, or of another one that the engine fetches. One that is there already is left as it is: its name tells what went
 * into it. Throws BUILD_FAILED with the last words of the step that failed.
 */
export async function buildImage(
  adapter: Adapter,
  desired: DesiredResource,
  spec: BuiltImageSpec,
  context: ApplyContext,
): Promise<void> {
  const { reference } = spec;
  if ((await adapter.engine.inspectImage(reference, context.signal)) !== null) return;
  const mask = maskOf(spec);
  let told = 0;
  context.progress(`building ${reference}`);
  const build: EngineBuild = {
    doing: `build ${reference}`,
    query: queryOf(spec, buildImageLabels({ ...context, desired })),
    isForBuildKit: (api) => isForBuildKit(spec, api),
    registries: adapter.registries(),
    secrets: new Map(spec.secrets?.map(({ id, content }) => [id, content.revealBytes()])),
    // An engine that fetches the context reads nothing of what is sent, and cuts its answer off when something is.
    context: (signal) =>
      spec.build.remote === undefined
        ? streamContext(desired.content ?? [], { ...context, signal })
        : Readable.from([]),
    mask,
    onLine(text, step) {
      told += 1;
      if (step !== null || told < MAX_LINES_REPORTED) context.progress(text);
    },
  };
  try {
    await runBuild(adapter, build, context.signal);
  } catch (error) {
    if (context.signal.aborted) throw toCancelled(context.signal, `build ${reference}`);
    const failed = asFailure(spec, error);
    throw failed ? failure(desired, spec, failed, mask) : error;
  }
}

/**
 * Tells whether BuildKit honours all of it on an engine of this API. Older ones pass in silence over limits, and know neither the main
 * branch of another repository nor its directories.
 */
function isForBuildKit({ build }: BuiltImageSpec, api: string): boolean {
  const { network, shmSize, ulimits, remote } = build;
  const ordinary = network === undefined || ['default', 'host', 'none'].includes(network);
  return ordinary && (speaks(api, '1.42') || [shmSize, ulimits, remote].every((one) => one === undefined));
}

/** The words of `POST /build`. Maps and lists that the engine wants as JSON are texts here; names may be repeated. */
function queryOf(
  { reference, build, platform, tags = [] }: BuiltImageSpec,
  labels: Readonly<Record<string, string>>,
): Readonly<Record<string, unknown>> {
  const {
    remote,
    dockerfile,
    args,
    target,
    cacheFrom,
    network,
    shmSize,
    extraHosts,
    ulimits,
    pull,
    noCache,
  } = build;
  const limits = Object.entries(ulimits ?? {}).map(([Name, { soft, hard }]) => ({
    Name,
    Soft: soft,
    Hard: hard,
  }));
  return {
    t: [reference, ...tags],
    dockerfile,
    labels: JSON.stringify({ ...build.labels, ...labels }),
    rm: true,
    forcerm: true,
    ...(remote === undefined ? {} : { remote }),
    ...(args ? { buildargs: JSON.stringify(args) } : {}),
    ...(target === undefined ? {} : { target }),
    ...(cacheFrom ? { cachefrom: JSON.stringify(cacheFrom) } : {}),
    ...(network === undefined ? {} : { networkmode: network }),
    ...(shmSize === undefined ? {} : { shmsize: shmSize }),
    ...(extraHosts ? { extrahosts: extraHosts } : {}),
    ...(limits.length > 0 ? { ulimits: JSON.stringify(limits) } : {}),
    ...(pull ? { pull: true } : {}),
    ...(noCache ? { nocache: true } : {}),
    ...(platform === undefined ? {} : { platform }),
  };
}

/** Takes secrets, and values of arguments that are named like some, out of what steps print. */
function maskOf({ build, secrets = [] }: BuiltImageSpec): (text: string) => string {
  const sensitive = Object.entries(build.args ?? {}).flatMap(([name, value]) =>
    isSensitiveName(name) ? [new Secret(value, name)] : [],
  );
  return createMask([{ sensitive, secrets }]);
}

/** The engine's own builder fetches a context before it answers, and refuses the whole request when it cannot; BuildKit has a step for it. */
function asFailure({ build: { remote } }: BuiltImageSpec, error: unknown): BuildFailure | null {
  if (error instanceof BuildFailure) {
    const isFetch = remote !== undefined && error.step?.startsWith('[internal] load git source') === true;
    return isFetch
      ? new BuildFailure(`${remote} was not fetched: ${error.message}`, null, error.lines)
      : error;
  }
  if (remote === undefined || !isReconcilerError(error, 'TARGET_ERROR')) return null;
  return new BuildFailure(`${remote} was not fetched: ${error.message}`, null, []);
}

function failure(
  { origin }: DesiredResource,
  { service }: BuiltImageSpec,
  failed: BuildFailure,
  mask: (text: string) => string,
): ReconcilerError {
  const what = `the image of ${service} (${origin.file}:${origin.line})`;
  return toBuildError(what, failed, mask);
}

/** Says why something could not be built, with the last words of the step that failed. */
export function toBuildError(
  what: string,
  { message, step, lines }: BuildFailure,
  mask: (text: string) => string,
): ReconcilerError {
  const where = step === null ? '' : ` at step ${step}`;
  const tail = lines.length > 0 ? `; last output: ${lines.join(' | ')}` : '';
  const hint = HINTS.find(([words]) => words.test(message))?.[1] ?? '';
  const text = `${what} could not be built${where}: ${message}${hint}${tail}`;
  return new ReconcilerError('BUILD_FAILED', mask(text), { retryable: mayPass(message) });
}

const HINTS: readonly (readonly [RegExp, string])[] = [
  [/--mount|BuildKit/i, ' (the engine builds without BuildKit)'],
  [/ref master/, ' (an older engine looks for master: name the branch, as in repo.git#main)'],
];

/** Tells whether a later try may succeed: what a step fetches may be there then; what is written wrongly stays wrong. */
function mayPass(message: string): boolean {
  return /returned a non-zero code|exit code: \d|dial tcp|timeout|connection refused|no such host|toomanyrequests|TLS|denied|manifest|unauthorized|unable to access|failed to fetch|no output/i.test(
    message,
  );
}
