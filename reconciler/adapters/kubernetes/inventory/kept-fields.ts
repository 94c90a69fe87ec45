import type { JsonObject } from '../../../base/json.ts';
import { asFields, asList, own } from '../../../base/values.ts';
import type { Fields } from '../../../base/values.ts';
import type { LiveObject } from '../cache/live-object.ts';

/** Members of a container's description that are of use; variables and mounts are not. */
const CONTAINER = ['name', 'image', 'command', 'args', 'ports', 'resources'];
const POD_SPEC = ['nodeName', 'restartPolicy'];
const POD_STATUS = [
  'phase',
  'reason',
  'message',
  'podIP',
  'hostIP',
  'startTime',
  'conditions',
  'containerStatuses',
  'initContainerStatuses',
];
const METADATA = [
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'labels',
  'ownerReferences',
];
const EVENT = [
  'involvedObject',
  'type',
  'reason',
  'message',
  'count',
  'firstTimestamp',
  'lastTimestamp',
  'eventTime',
  'source',
  'reportingComponent',
];

/** Returns what is kept of an object of others, a tenth of it: there may be very many of them. */
export function keepLittle(object: LiveObject): LiveObject {
  const { apiVersion, kind } = object;
  const metadata = pick(object.metadata, METADATA) as LiveObject['metadata'];
  const spec = asFields(object['spec']) ?? {};
  const status = asFields(object['status']) ?? {};
  const common = { apiVersion, kind, metadata };
  switch (kind) {
    case 'Pod': {
      const containers = (asList(spec['containers']) ?? []).map((one) =>
        pick(asFields(one) ?? {}, CONTAINER),
      );
      return { ...common, spec: { ...pick(spec, POD_SPEC), containers }, status: pick(status, POD_STATUS) };
    }
    case 'ReplicaSet':
      return { ...common, spec: pick(spec, ['replicas']), status: pick(status, [...COUNTS]) };
    case 'Job':
      return { ...common, spec: pick(spec, JOB), status: status as JsonObject };
    case 'Node':
      return {
        ...common,
        spec: pick(spec, ['unschedulable']),
        status: pick(status, ['capacity', 'allocatable', 'conditions']),
      };
    case 'Event':
      return { ...common, ...pick(object, EVENT) };
    default:
      return common;
  }
}

const COUNTS = ['replicas', 'readyReplicas', 'availableReplicas', 'observedGeneration', 'conditions'];
const JOB = ['completions', 'parallelism', 'backoffLimit', 'suspend'];

/** The members are JSON: they come from an answer that was parsed. */
function pick(fields: Fields, keys: readonly string[]): JsonObject {
  return Object.fromEntries(
    keys.flatMap((key) => {
      const value = own(fields, key);
      return value === undefined ? [] : [[key, value]];
    }),
  ) as JsonObject;
}
