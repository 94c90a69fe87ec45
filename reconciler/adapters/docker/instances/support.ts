import { invalidPodSpec } from '../../../pods/refusals.ts';
import { recordsOf } from '../../../pods/check-pod.ts';
import { toUnits } from '../../../pods/quantity.ts';
import { limitOf } from '../../../pods/sanitize-pod.ts';
import type { JsonObject } from '../../../base/json.ts';
import type { Fields } from '../../../base/values.ts';
import { asFields, asString } from '../../../base/values.ts';

/** Members of a pod that mean nothing on one machine, or what happens anyway. */
const WITHOUT_EFFECT = [
  'nodeSelector',
  'affinity',
  'tolerations',
  'topologySpreadConstraints',
  'schedulerName',
  'schedulingGates',
  'priority',
  'priorityClassName',
  'preemptionPolicy',
  'overhead',
  'terminationGracePeriodSeconds',
  'imagePullSecrets',
  'readinessGates',
  'dnsPolicy',
  'subdomain',
];
const HONOURED = [
  'containers',
  'initContainers',
  'volumes',
  'hostname',
  'restartPolicy',
  'automountServiceAccountToken',
  'enableServiceLinks',
  'securityContext',
];
const OF_CONTAINER = [
  'name',
  'image',
  'command',
  'args',
  'workingDir',
  'ports',
  'env',
  'resources',
  'volumeMounts',
  'imagePullPolicy',
  'securityContext',
  'stdin',
  'stdinOnce',
  'tty',
  // The cluster's services, not the pod, decide about traffic before it is ready.
  'readinessProbe',
  'terminationMessagePath',
  'terminationMessagePolicy',
];
const REFERENCE =
  /^(?:[a-z0-9][a-z0-9.-]*(?::\d+)?\/)?[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*(?::\w[\w.-]{0,127})?(?:@sha256:[a-f0-9]{64})?$/i;
const MAX_REFERENCE_LENGTH = 400;
/** Less than this an engine does not give a container. */
const MIN_MEMORY_BYTES = 6 * 1024 * 1024;

/** Refuses what a Docker Engine on its own cannot do for a pod: nothing is left out in silence. Throws INVALID_POD_SPEC. */
export function checkSupport(pod: JsonObject): void {
  const spec = asFields(pod['spec']) ?? {};
  refuseOthers(spec, [...HONOURED, ...WITHOUT_EFFECT], 'spec');
  const hostname = asString(spec['hostname']);
  if (hostname !== undefined && !/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(hostname))
    throw invalidPodSpec('spec.hostname must be of lower case letters, digits and "-"');
  for (const volume of recordsOf(spec['volumes'])) checkVolume(volume);
  for (const container of [...recordsOf(spec['initContainers']), ...recordsOf(spec['containers'])])
    checkContainer(container);
}

function refuseOthers(fields: Fields, known: readonly string[], where: string): void {
  const other = Object.keys(fields).find((key) => !known.includes(key));
  if (other !== undefined) throw invalidPodSpec(`${where}: ${other} is not supported on a Docker Engine`);
}

function checkVolume(volume: Fields): void {
  const name = asString(volume['name']) ?? '';
  refuseOthers(volume, ['name', 'emptyDir'], `volume ${name}`);
  const medium = asString(asFields(volume['emptyDir'])?.['medium']) ?? '';
  if (medium !== '' && medium !== 'Memory')
    throw invalidPodSpec(`volume ${name}: there is no medium ${medium}`);
}

function checkContainer(container: Fields): void {
  const name = `container ${asString(container['name']) ?? ''}`;
  refuseOthers(container, OF_CONTAINER, name);
  const image = asString(container['image']) ?? '';
  if (image.length > MAX_REFERENCE_LENGTH || !REFERENCE.test(image))
    throw invalidPodSpec(`${name}: "${image.slice(0, 80)}" is no image reference`);
  const policy = asString(container['imagePullPolicy']) ?? 'IfNotPresent';
  if (!['Always', 'IfNotPresent', 'Never'].includes(policy))
    throw invalidPodSpec(`${name}: imagePullPolicy must be Always, IfNotPresent or Never`);
  for (const variable of recordsOf(container['env'])) checkVariable(variable, name);
  for (const mount of recordsOf(container['volumeMounts'])) checkMount(mount, name);
  const memory = limitOf(container, 'memory');
  if (memory !== null && toUnits(memory) < MIN_MEMORY_BYTES)
    throw invalidPodSpec(`${name}: a Docker Engine gives a container at least 6Mi of memory`);
  const texts = [container['command'], container['args'], container['workingDir']];
  if (JSON.stringify(texts).includes('\\u0000')) throw invalidPodSpec(`${name}: a text holds a zero byte`);
}

function checkVariable(variable: Fields, where: string): void {
  const name = asString(variable['name']) ?? '';
  if (!/^[-._a-zA-Z][-._a-zA-Z0-9]*$/.test(name))
    throw invalidPodSpec(`${where}: "${name.slice(0, 80)}" is no name of a variable`);
  if (variable['valueFrom'] !== undefined)
    throw invalidPodSpec(`${where}: valueFrom of ${name} is not supported on a Docker Engine`);
  if ((asString(variable['value']) ?? '').includes('\0'))
    throw invalidPodSpec(`${where}: ${name} holds a zero byte`);
}

function checkMount(mount: Fields, where: string): void {
  const path = asString(mount['mountPath']) ?? '';
  refuseOthers(
    mount,
    ['name', 'mountPath', 'readOnly', 'mountPropagation'],
    `${where}: volume mount ${path}`,
  );
  const isPlain = path.startsWith('/') && /[^/.]/.test(path) && !path.split('/').includes('..');
  if (!isPlain || path.includes('\0')) throw invalidPodSpec(`${where}: mountPath must be a path below /`);
}
