import type { JsonObject } from '../base/json.ts';
import type { Fields } from '../base/values.ts';
import { asFields, asList, asString, own } from '../base/values.ts';
import type { TargetPort } from './instance.ts';
import { isProblem } from '../base/problem.ts';
import { parseQuantity } from './quantity.ts';
import { invalidPodSpec } from './refusals.ts';

/**
 * Volumes that keep to the pod: nothing of the node is reached through them. The list of the restricted Pod Security Standard, without
 * drivers.
 */
const VOLUMES = 'emptyDir configMap secret downwardAPI projected persistentVolumeClaim ephemeral'.split(' ');
/** Would take a container out of the node's confinement. */
const CONFINEMENT = /^(?:container\.apparmor|(?:container\.)?seccomp)\.security\./;
const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const LABEL_RULE = 'must be of lower case letters, digits and "-", at most 63';
const LAST_PORT = 65_535;

/** Refuses what may not run here. In the order of the reference; the first fault is thrown (INVALID_POD_SPEC). */
export function checkPod(pod: JsonObject, targets: readonly TargetPort[]): void {
  if (asString(pod['kind'])?.toLowerCase() !== 'pod') throw invalidPodSpec('kind must be Pod');
  const spec = asFields(pod['spec']) ?? {};
  checkNamespaces(spec);
  checkIdentity(spec);
  checkAnnotations(asFields(pod['metadata']) ?? {});
  for (const volume of recordsOf(spec['volumes'])) checkVolume(volume);
  const containers = recordsOf(spec['containers']);
  if (containers.length === 0) throw invalidPodSpec('at least one container is required');
  for (const container of recordsOf(spec['initContainers'])) checkInitContainer(container);
  for (const container of containers) checkContainer(container);
  checkNames([...recordsOf(spec['initContainers']), ...containers]);
  checkMounts(spec);
  checkTargets(containers, targets);
}

function checkNamespaces(spec: Fields): void {
  for (const key of ['hostNetwork', 'hostPID', 'hostIPC']) {
    if (own(spec, key) === true) throw invalidPodSpec(`${key} is not allowed`);
  }
  if (spec['hostUsers'] === true) throw invalidPodSpec('hostUsers is not allowed');
}

function checkIdentity(spec: Fields): void {
  const refused = [
    'securityContext',
    'serviceAccountName',
    'serviceAccount',
    'nodeName',
    'runtimeClassName',
    'ephemeralContainers',
    // Devices of the node.
    'resourceClaims',
  ];
  for (const key of refused) {
    if (own(spec, key) !== undefined && own(spec, key) !== '') throw invalidPodSpec(`${key} is not allowed`);
  }
}

function checkAnnotations(metadata: Fields): void {
  const refused = Object.keys(asFields(metadata['annotations']) ?? {}).find((key) => CONFINEMENT.test(key));
  if (refused !== undefined) throw invalidPodSpec(`the annotation ${refused} is not allowed`);
}

function checkVolume(volume: Fields): void {
  const name = asString(volume['name']) ?? '';
  if (!LABEL.test(name)) throw invalidPodSpec(`volume name "${name.slice(0, 80)}" ${LABEL_RULE}`);
  const kinds = Object.keys(volume).filter((key) => key !== 'name');
  const refused = kinds.find((kind) => !VOLUMES.includes(kind));
  if (refused !== undefined) throw invalidPodSpec(`volume ${name}: ${refused} is not allowed`);
  if (kinds.length > 1)
    throw invalidPodSpec(`volume ${name}: must be of one kind, not ${kinds.join(' and ')}`);
  for (const source of recordsOf(asFields(volume['projected'])?.['sources'])) {
    const other = Object.keys(source).find((kind) => !['configMap', 'secret', 'downwardAPI'].includes(kind));
    if (other !== undefined) throw invalidPodSpec(`volume ${name}: projected ${other} is not allowed`);
  }
}

function checkInitContainer(container: Fields): void {
  const name = nameOf(container, 'init container');
  if (recordsOf(container['ports']).length > 0)
    throw invalidPodSpec(`init container ${name}: ports are not allowed`);
  checkConfinement(container, `init container ${name}`);
}

function checkContainer(container: Fields): void {
  const name = nameOf(container, 'container');
  checkConfinement(container, `container ${name}`);
  checkResources(container, name);
  for (const port of recordsOf(container['ports'])) checkPort(port, name);
}

function nameOf(container: Fields, what: string): string {
  const name = asString(container['name']) ?? '';
  if (name.trim() === '') throw invalidPodSpec(`${what} name is required`);
  if (!LABEL.test(name)) throw invalidPodSpec(`${what} name "${name.slice(0, 80)}" ${LABEL_RULE}`);
  if ((asString(container['image']) ?? '').trim() === '')
    throw invalidPodSpec(`${what} ${name}: image is required`);
  return name;
}

function checkConfinement(container: Fields, what: string): void {
  if (container['securityContext'] !== undefined)
    throw invalidPodSpec(`${what}: securityContext is not allowed`);
  if (container['volumeDevices'] !== undefined)
    throw invalidPodSpec(`${what}: volumeDevices are not allowed`);
  if (asFields(container['resources'])?.['claims'] !== undefined)
    throw invalidPodSpec(`${what}: resource claims are not allowed`);
  const spread = recordsOf(container['volumeMounts']).some(
    ({ mountPropagation }) => mountPropagation !== undefined && mountPropagation !== 'None',
  );
  if (spread) throw invalidPodSpec(`${what}: mountPropagation is not allowed`);
}

function checkResources(container: Fields, name: string): void {
  const resources = asFields(container['resources']) ?? {};
  const sides = [resources['requests'], resources['limits']].map((side) => asFields(side) ?? {});
  for (const kind of ['cpu', 'memory']) {
    const amounts = sides.map((side) => parseQuantity(asString(own(side, kind)) ?? '0'));
    const known = amounts.flatMap((amount) => (isProblem(amount) ? [] : [amount.nano]));
    if (known.some((nano) => nano < 0n))
      throw invalidPodSpec(`container ${name}: ${kind} must not be negative`);
    if (!known.some((nano) => nano > 0n)) throw invalidPodSpec(`container ${name}: ${kind} is required`);
  }
}

function checkPort(port: Fields, name: string): void {
  if (port['hostPort'] !== undefined) throw invalidPodSpec(`container ${name}: hostPort is not allowed`);
  if (port['hostIP'] !== undefined) throw invalidPodSpec(`container ${name}: hostIP is not allowed`);
  const number = Number(port['containerPort']);
  if (number < 1 || number > LAST_PORT)
    throw invalidPodSpec(`container ${name}: containerPort must be between 1 and 65535`);
  const protocol = asString(port['protocol']) ?? 'TCP';
  if (protocol !== 'TCP' && protocol !== 'UDP')
    throw invalidPodSpec(`container ${name}: port protocol must be TCP or UDP`);
}

function checkNames(containers: readonly Fields[]): void {
  const names = containers.map(({ name }) => asString(name) ?? '');
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw invalidPodSpec(`there are two containers ${twice}`);
}

function checkMounts(spec: Fields): void {
  const volumes = new Set(recordsOf(spec['volumes']).map(({ name }) => asString(name) ?? ''));
  for (const container of [...recordsOf(spec['initContainers']), ...recordsOf(spec['containers'])]) {
    for (const { name, mountPath } of recordsOf(container['volumeMounts'])) {
      const volume = asString(name) ?? '';
      if (!volumes.has(volume)) throw invalidPodSpec(`there is no volume ${volume.slice(0, 80)}`);
      if (!asString(mountPath)) throw invalidPodSpec(`volume ${volume}: mountPath is required`);
    }
  }
}

function checkTargets(containers: readonly Fields[], targets: readonly TargetPort[]): void {
  const declared = containers
    .flatMap(({ ports }) => recordsOf(ports))
    .map((port) => `${Number(port['containerPort'])}/${asString(port['protocol']) ?? 'TCP'}`);
  if (declared.length === 0) throw invalidPodSpec('at least one containerPort is required');
  for (const { containerPort, protocol } of targets) {
    const key = `${containerPort}/${protocol}`;
    if (!declared.includes(key)) throw invalidPodSpec(`target_port ${key} is not a port of a container`);
  }
}

export function recordsOf(value: unknown): readonly Fields[] {
  return (asList(value) ?? []).map(asFields).filter((item) => item !== undefined);
}
