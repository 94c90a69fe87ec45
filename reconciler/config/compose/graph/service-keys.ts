import type { Fields } from '../../../base/values.ts';
import { asFields, asList, asText, own } from '../../../base/values.ts';
import type { Remarks } from './remarks.ts';

/** Keys of a service that are read elsewhere: they become something, or are told of where they do not. */
const READ = new Set(
  `image build command entrypoint environment ports expose volumes tmpfs depends_on healthcheck restart labels deploy scale secrets files
  pull_policy user read_only cap_drop mem_limit mem_reservation cpus profiles networks annotations`.split(
    /\s+/,
  ),
);
const READ_OF_DEPLOY = new Set(['replicas', 'resources', 'mode', 'restart_policy']);
const READ_OF_RESOURCES = new Set([
  'limits.cpus',
  'limits.memory',
  'reservations.cpus',
  'reservations.memory',
]);

const POWERS = 'it asks for more than pods are given: add a securityContext where it is needed';
const NAMES = 'a cluster names its pods; others reach it by the name of its service';

/** Reasons why a key has no place. */
const REASONS: Readonly<Record<string, string>> = {
  network_mode: 'each pod has a network of its own',
  links: 'others are reached by the name of their service, an alias needs a service node of its own',
  external_links: 'what is outside of the cluster is reached by its own name',
  container_name: NAMES,
  hostname: NAMES,
  domainname: NAMES,
  privileged: POWERS,
  cap_add: POWERS,
  devices: POWERS,
  security_opt: POWERS,
  pid: POWERS,
  ipc: POWERS,
  userns_mode: POWERS,
  sysctls: POWERS,
  working_dir: 'the image says where it starts',
  volumes_from: 'mount the same volumes by name',
  extra_hosts: 'names are resolved by the cluster',
  dns: 'names are resolved by the cluster',
  logging: 'the cluster collects what is printed',
  gpus: 'ask for them under resources.limits',
  platform: 'choose nodes by nodeSelector',
  develop: 'it is for compose watch',
};

/** Tells of every key of a service that becomes nothing. */
export function remarkKeys(name: string, service: Fields, remarks: Remarks): void {
  const at = (key: string): string => `services.${name}.${key}`;
  for (const [key, value] of Object.entries(service)) {
    if (READ.has(key) || key.startsWith('x-') || saysNothing(value)) continue;
    remarks.warn(at(key), `has no place in a workflow: ${reasonOf(key)}`);
  }
  const deploy = asFields(service['deploy']) ?? {};
  for (const [key, value] of Object.entries(deploy)) {
    if (READ_OF_DEPLOY.has(key) || saysNothing(value)) continue;
    remarks.warn(at(`deploy.${key}`), 'has no place in a workflow: the cluster places and updates pods');
  }
  const resources = asFields(deploy['resources']) ?? {};
  for (const [kind, amounts] of Object.entries(resources))
    for (const key of Object.keys(asFields(amounts) ?? {}))
      if (!READ_OF_RESOURCES.has(`${kind}.${key}`))
        remarks.warn(at(`deploy.resources.${kind}.${key}`), 'has no place in a workflow');
  remarkNetworks(name, service['networks'], remarks);
  for (const profile of asList(service['profiles']) ?? [])
    remarks.warn(at('profiles'), `it is imported although it belongs to the profile ${asText(profile)}`);
}

function reasonOf(key: string): string {
  return own(REASONS, key) ?? 'it has no word for it';
}

function saysNothing(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === '') return true;
  return asList(value)?.length === 0;
}

/** All pods reach each other: what only says which networks a service is on changes nothing for it. */
function remarkNetworks(name: string, networks: unknown, remarks: Remarks): void {
  for (const [network, settings] of Object.entries(asFields(networks) ?? {}))
    for (const key of Object.keys(asFields(settings) ?? {}))
      remarks.warn(
        `services.${name}.networks.${network}.${key}`,
        key === 'aliases'
          ? 'has no place in a workflow: an alias needs a service node of its own'
          : 'has no place in a workflow: the cluster gives addresses',
      );
}
