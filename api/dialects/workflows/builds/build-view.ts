import type { BuildEvent, BuildRecord } from '../../../../reconciler/index.ts';
import type { ServerEvent } from '../../../http/route.ts';
import { listWorkflows } from '../../../operations/workflows.ts';
import type { WorkflowDeps } from '../deps.ts';

/** Ids of workflows by the names of their stacks. */
export function workflowIds(deps: WorkflowDeps): ReadonlyMap<string, string> {
  return new Map(listWorkflows(deps).map(({ name, id }) => [name, id]));
}

export function toBuild(deps: WorkflowDeps, build: BuildRecord, ids = workflowIds(deps)) {
  const workflow = ids.get(build.stack ?? '');
  const masked = Object.fromEntries(build.argumentNames.map((name) => [name, '***']));
  const { commit, dockerfile, digest, size, error, errorStage, startedAt, endedAt } = build;
  return {
    id: build.id,
    ...(workflow === undefined ? {} : { workflowId: workflow }),
    userId: build.owner,
    repoUrl: build.repository,
    branch: build.branch ?? '',
    ...(commit === null ? {} : { commitSha: commit }),
    buildContext: build.context,
    ...(dockerfile === null ? {} : { dockerfile }),
    ...(build.argumentNames.length === 0 ? {} : { buildArgs: masked }),
    useNixpacks: build.generated,
    registryId: build.registry,
    imageName: build.imageName,
    imageTag: build.tag,
    status: build.status,
    currentStage: build.stage,
    progress: build.progress,
    ...(digest === null ? {} : { finalImageRef: build.image, imageDigest: digest }),
    ...(size === null ? {} : { imageSize: size }),
    ...(error === null ? {} : { errorMessage: error }),
    ...(errorStage === null ? {} : { errorStage }),
    createdAt: build.createdAt,
    ...(startedAt === null ? {} : { startedAt }),
    ...(endedAt === null ? {} : { completedAt: endedAt }),
    ...(startedAt === null || endedAt === null
      ? {}
      : { duration: Date.parse(endedAt) - Date.parse(startedAt) }),
  };
}

/** Turns what happens to a build into an event of the platform, in its envelope. */
export function toBuildEvent(event: BuildEvent, id: string): ServerEvent {
  const [type, time, data] = partsOf(event);
  const envelope = { type, stream_key: `build:${id}`, event_type: type, timestamp: time, data };
  return { event: type, data: envelope };
}

function partsOf(event: BuildEvent): readonly [string, string, object] {
  if (event.type === 'log') {
    const { time, stage, message, level } = event.log;
    return ['log', time, { stage, message, level }];
  }
  const { build } = event;
  const time = build.endedAt ?? new Date().toISOString();
  if (event.type === 'progress')
    return ['progress', time, { status: build.status, current_stage: build.stage, progress: build.progress }];
  if (build.status === 'cancelled') return ['cancelled', time, {}];
  if (build.status === 'failed')
    return ['failed', time, { error_message: build.error ?? '', error_stage: build.errorStage ?? '' }];
  return ['complete', time, imageOf(build)];
}

/** The image that a build came to, in the words of its stream. */
export function imageOf({ image, digest, size }: BuildRecord) {
  const imageSize = size === null ? {} : { image_size: size };
  return { final_image_ref: image, image_digest: digest ?? '', ...imageSize };
}
