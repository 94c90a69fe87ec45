import type { JsonObject } from '../../base/json.ts';
import { asFields, asList, asString, asText } from '../../base/values.ts';
import type { ContainerOptions } from '../../model/docker/options/container-options.ts';
import { givenOptions } from '../../model/docker/options/container-options.ts';
import { namespaceNeeds } from '../../model/docker/options/option-needs.ts';
import { objectNeeds } from '../../model/kubernetes/object-needs.ts';
import type { Need } from '../../model/operator-policy.ts';
import { describeNeed } from '../../model/operator-policy.ts';

/** Directories of a machine: who mounts one, or what is below it, may take the machine over or read what is none of his. */
const SYSTEM =
  /^\/(?:bin|boot|dev|etc|lib\w*|proc|root|run|sbin|sys|usr|var\/run|var\/lib\/(?:docker|containerd))(?:\/|$)/;
/** The same for themselves alone: what is below them is somebody's data. */
const ROOTS: ReadonlySet<string> = new Set(['/', '/home', '/var', '/var/lib', '/var/log']);
const HARMLESS =
  /^\/(?:etc\/(?:localtime|timezone|ssl\/certs|ca-certificates)|usr\/share\/(?:zoneinfo|ca-certificates)|dev\/shm)(?:\/|$)/;

/** Sentences on how what this spec describes reaches out of its container, for people: `runs privileged`. */
export function risksOf(kind: string, spec: JsonObject | null): readonly string[] {
  if (spec === null) return [];
  try {
    const needs = DOCKER.get(kind)?.(spec) ?? objectNeeds(spec, []);
    return [...new Set(needs.filter(isRisk).map(describeNeed))];
  } catch {
    // A label may hold anything: what is no spec has no options.
    return [];
  }
}

const DOCKER: ReadonlyMap<string, (spec: JsonObject) => readonly Need[]> = new Map([
  ['container', containerNeeds],
  ['volume', (spec) => deviceNeeds(asString(asFields(spec['driverOpts'])?.['device']))],
  ['network', (spec) => interfaceNeeds(asString(asFields(spec['driverOpts'])?.['parent']))],
  ['image', () => []],
]);

function containerNeeds(spec: JsonObject): readonly Need[] {
  const { networkMode, networks, mounts, volumesFrom } = spec;
  const hostNetwork = Object.keys(asFields(networks) ?? {}).includes('host');
  return [
    ...givenOptions(spec as ContainerOptions).flatMap(({ row, value }) => row.needs?.(value) ?? []),
    ...namespaceNeeds('network', hostNetwork ? 'host' : (asString(networkMode) ?? '')).filter(
      ({ grant }) => grant === 'hostNamespaces',
    ),
    ...(asList(volumesFrom) ?? []).flatMap((from): readonly Need[] => [
      { grant: 'otherContainers', value: asText(from) },
    ]),
    ...(asList(mounts) ?? []).flatMap((mount) => bindNeeds(asFields(mount) ?? {})),
  ];
}

function bindNeeds(mount: Readonly<Record<string, unknown>>): readonly Need[] {
  const source = asString(mount['source']);
  if (mount['type'] !== 'bind' || source === undefined) return [];
  return [{ grant: 'binds', value: `${source}${mount['readOnly'] === true ? ' (read-only)' : ''}` }];
}

function deviceNeeds(device: string | undefined): readonly Need[] {
  return device?.startsWith('/') === true ? [{ grant: 'binds', value: device }] : [];
}

function interfaceNeeds(name: string | undefined): readonly Need[] {
  return name === undefined ? [] : [{ grant: 'devices', value: `interface:${name}` }];
}

/** Everybody mounts directories for data: those that are the machine's own are a risk. */
function isRisk({ grant, value }: Need): boolean {
  if (grant === 'otherContainers') return !value.startsWith('container:');
  if (grant !== 'binds') return true;
  const path = value.replace(/ \(read-only\)$/, '').replace(/(?<=.)\/$/, '');
  return ROOTS.has(path) || (SYSTEM.test(path) && !HARMLESS.test(path));
}
