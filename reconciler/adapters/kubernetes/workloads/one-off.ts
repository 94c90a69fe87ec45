import { createAbortScope, withAbortScope } from '../../../base/abort-scope.ts';
import { ReconcilerError } from '../../../base/errors.ts';
import type { JsonObject } from '../../../base/json.ts';
import { objectSpecOf } from '../../../model/kubernetes/kubernetes-object.ts';
import { createMask } from '../../../model/secret.ts';
import { asFields, asList, asNumber, asString, asText } from '../../../base/values.ts';
import type { Fields } from '../../../base/values.ts';
import type { OneOff } from '../../../ports/target-capabilities.ts';
import type { ApplyContext } from '../../../ports/target.ts';
import { isApiError } from '../api/api-error.ts';
import type { Cluster } from '../cluster.ts';
import { readObject } from '../cluster.ts';
import { isLiveObject, MANAGER, MARK, ONE_OFF, reveal, STACK } from '../cache/live-object.ts';
import type { LiveObject } from '../cache/live-object.ts';
import { removeJob } from './one-off-leftovers.ts';
import { troubleOf } from './pods.ts';

const FIRST_PAUSE_MS = 100;
const MAX_POLL_PAUSE_MS = 1_000;
/** Removing it must not be cut short by whatever ended it. */
const REMOVAL_MS = 60_000;
/** The cluster takes away what nobody else has, in seconds after its end. */
const KEPT_SECONDS = 3_600;

/** Runs a job to its end and takes it away, with all that was made for it, whatever happens. @returns its exit code */
export async function runOneOff(cluster: Cluster, oneOff: OneOff, context: ApplyContext): Promise<number> {
  const { job, others, namespace } = await partsOf(cluster, oneOff, context);
  using scope = createAbortScope({ signals: [context.signal], timeoutMs: oneOff.timeoutMs });
  const { signal } = scope;
  let made: LiveObject | null = null;
  try {
    await ensureNamespace(cluster, namespace, signal);
    await removeJob(cluster, { namespace, name: job.name }, signal);
    const isHeld = others.some(isForPulling);
    const body = isHeld ? suspended(job.body) : job.body;
    made = await create(cluster, `/apis/batch/v1/namespaces/${namespace}/jobs`, body, signal);
    cluster.oneOffs.add(made.metadata.uid);
    for (const other of others) await createOwned(cluster, made, other, signal);
    if (isHeld) await resume(cluster, made, signal);
    return await follow(cluster, made, { oneOff, signal });
  } catch (error) {
    if (!scope.timedOut) throw error;
    const seconds = Math.round(oneOff.timeoutMs / 1_000);
    throw new ReconcilerError('HOOK_FAILED', `did not end within ${seconds} s`, { cause: error });
  } finally {
    // It may have been made although nobody got to know.
    const place = { namespace, name: job.name };
    const removing = { signals: [], timeoutMs: REMOVAL_MS };
    await withAbortScope(removing, (until) => removeJob(cluster, place, until)).catch((error: unknown) =>
      context.progress(`the job ${job.name} could not be removed: ${asText(error)}`),
    );
    if (made) cluster.oneOffs.delete(made.metadata.uid);
  }
}

interface Parts {
  readonly namespace: string;
  readonly job: { readonly name: string; readonly body: JsonObject };
  readonly others: readonly JsonObject[];
}

async function partsOf(
  cluster: Cluster,
  { resource, timeoutMs }: OneOff,
  context: ApplyContext,
): Promise<Parts> {
  const list = objectSpecOf(resource);
  const namespace = list.metadata.namespace ?? 'default';
  const items = (asList(reveal(list['items'] ?? [])) ?? []).map((item) => item as JsonObject);
  const [job, ...others] = items;
  if (!job) throw new Error(`internal: ${resource.id} has no job`);
  const { name } = list.metadata;
  const spec = job['spec'] as JsonObject;
  const template = spec['template'] as JsonObject;
  const pod = await withoutMissingClaims(cluster, template['spec'] as JsonObject, {
    namespace,
    signal: context.signal,
  });
  const annotations = {
    [STACK]: context.stack,
    [MARK.branch]: context.branch,
    ...(context.revision === null ? {} : { [MARK.revision]: context.revision }),
  };
  const body = {
    ...job,
    metadata: { name, namespace, labels: { [ONE_OFF]: 'true' }, annotations },
    spec: {
      ...spec,
      backoffLimit: 0,
      activeDeadlineSeconds: Math.ceil(timeoutMs / 1_000) + 30,
      ttlSecondsAfterFinished: KEPT_SECONDS,
      // Removing it before its end must not wait for the pod.
      template: { ...template, spec: { ...pod, terminationGracePeriodSeconds: 1 } },
    },
  };
  return { namespace, job: { name, body }, others };
}

/** Before a first deployment there is no claim yet: an empty volume stands in. */
async function withoutMissingClaims(
  cluster: Cluster,
  pod: JsonObject,
  { namespace, signal }: { readonly namespace: string; readonly signal: AbortSignal },
): Promise<JsonObject> {
  const volumes = await Promise.all(
    (asList(pod['volumes']) ?? []).map(async (item) => {
      const volume = item as JsonObject;
      const claim = asString(asFields(volume['persistentVolumeClaim'])?.['claimName']);
      if (claim === undefined) return volume;
      const path = `/api/v1/namespaces/${namespace}/persistentvolumeclaims/${claim}`;
      const found = await readObject(cluster, path, signal);
      return found ? volume : { name: volume['name'] ?? '', emptyDir: {} };
    }),
  );
  return volumes.length === 0 ? pod : { ...pod, volumes };
}

async function ensureNamespace(cluster: Cluster, namespace: string, signal: AbortSignal): Promise<void> {
  if ((await cluster.namespace(namespace, signal)) !== undefined) return;
  try {
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
    await create(cluster, '/api/v1/namespaces', body, signal);
  } catch (error) {
    if (!isApiError(error, 409)) throw error;
  }
}

async function create(
  { client }: Cluster,
  path: string,
  body: JsonObject,
  signal: AbortSignal,
): Promise<LiveObject> {
  const answer = await client.request({
    method: 'POST',
    path,
    query: { fieldManager: MANAGER },
    body,
    signal,
  });
  if (!isLiveObject(answer.body)) throw new Error(`the answer to a creation at ${path} was no object`);
  return answer.body;
}

/** Creates what the pod reads so that it goes with the job, also when nobody is left to take it away. */
async function createOwned(
  cluster: Cluster,
  job: LiveObject,
  object: JsonObject,
  signal: AbortSignal,
): Promise<void> {
  const { name, uid, namespace = '' } = job.metadata;
  const owner = { apiVersion: 'batch/v1', kind: 'Job', name, uid };
  const metadata = { ...(object['metadata'] as JsonObject), ownerReferences: [owner] };
  const body = { ...object, metadata };
  const plural = object['kind'] === 'Secret' ? 'secrets' : 'configmaps';
  const path = `/api/v1/namespaces/${namespace}/${plural}`;
  try {
    await create(cluster, path, body, signal);
  } catch (error) {
    if (!isApiError(error, 409)) throw error;
    // A leftover of an earlier run may be on its way out.
    const place = `${path}/${asText(asFields(metadata)?.['name'])}`;
    await cluster.client.request({
      method: 'PUT',
      path: place,
      query: { fieldManager: MANAGER },
      body,
      signal,
    });
  }
}

/** A pod waits for what is mounted into it, but it pulls its image without credentials that are not there yet, and fails. */
function isForPulling({ type }: JsonObject): boolean {
  return type === 'kubernetes.io/dockerconfigjson';
}

function suspended(job: JsonObject): JsonObject {
  return { ...job, spec: { ...(job['spec'] as JsonObject), suspend: true } };
}

async function resume({ client }: Cluster, job: LiveObject, signal: AbortSignal): Promise<void> {
  const { name, uid, namespace = '' } = job.metadata;
  await client.request({
    method: 'PATCH',
    path: `/apis/batch/v1/namespaces/${namespace}/jobs/${name}`,
    contentType: 'application/merge-patch+json',
    query: { fieldManager: MANAGER },
    // The uid keeps another job of the name as it is.
    body: { metadata: { uid }, spec: { suspend: false } },
    signal,
  });
}

interface Following {
  readonly oneOff: OneOff;
  readonly signal: AbortSignal;
}

/** Waits for the pod, passes on what it writes, and for its end. */
async function follow(cluster: Cluster, job: LiveObject, { oneOff, signal }: Following): Promise<number> {
  const mask = createMask([oneOff.resource.spec]);
  const tell = (text: string) => oneOff.onLine(mask(text), 'stdout');
  let isTold = false;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, MAX_POLL_PAUSE_MS)) {
    const pod = await podOf(cluster, job, signal);
    const state = pod && stateOf(pod);
    if (pod && state && !isTold && (state.running || state.exitCode !== null)) {
      isTold = true;
      await passOn(cluster, pod, { tell, signal });
      pause = FIRST_PAUSE_MS / 2;
      continue;
    }
    if (state && state.exitCode !== null) return state.exitCode;
    const trouble = pod && troubleOf(pod, cluster.clock.now());
    if (trouble?.final === true) throw new ReconcilerError('HOOK_FAILED', trouble.reason);
    const failed = await whyFailed(cluster, job, signal);
    if (!pod && failed !== null) throw new ReconcilerError('HOOK_FAILED', failed);
    await cluster.clock.sleep(pause, signal);
  }
}

async function podOf(
  { client }: Cluster,
  { metadata: { namespace = '', name } }: LiveObject,
  signal: AbortSignal,
): Promise<Fields | undefined> {
  const path = `/api/v1/namespaces/${namespace}/pods`;
  const query = { labelSelector: `job-name=${name}` };
  const { body } = await client.request({ method: 'GET', path, query, signal });
  const [pod] = asList(asFields(body)?.['items']) ?? [];
  return asFields(pod);
}

function stateOf(pod: Fields): { readonly running: boolean; readonly exitCode: number | null } {
  const [container] = asList(asFields(pod['status'])?.['containerStatuses']) ?? [];
  const state = asFields(asFields(container)?.['state']);
  const ended = asFields(state?.['terminated']);
  return { running: state?.['running'] !== undefined, exitCode: asNumber(ended?.['exitCode']) ?? null };
}

async function passOn(
  { client }: Cluster,
  pod: Fields,
  { tell, signal }: { readonly tell: (text: string) => void; readonly signal: AbortSignal },
): Promise<void> {
  const metadata = asFields(pod['metadata']) ?? {};
  const path = `/api/v1/namespaces/${asText(metadata['namespace'])}/pods/${asText(metadata['name'])}/log`;
  for await (const line of await client.lines({ path, query: { follow: 'true' }, signal })) tell(line);
}

/** A job may come to nothing before it has a pod: a quota, say. */
async function whyFailed(cluster: Cluster, job: LiveObject, signal: AbortSignal): Promise<string | null> {
  const { namespace = '', name } = job.metadata;
  const live = await readObject(cluster, `/apis/batch/v1/namespaces/${namespace}/jobs/${name}`, signal);
  if (!live) return 'somebody has deleted its job';
  const conditions = (asList(asFields(live['status'])?.['conditions']) ?? []).map(asFields);
  const failed = conditions.find((one) => one?.['type'] === 'Failed' && one['status'] === 'True');
  return failed ? (asString(failed['message']) ?? 'its job failed') : null;
}
