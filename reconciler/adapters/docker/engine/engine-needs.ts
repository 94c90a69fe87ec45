import { own } from '../../../base/values.ts';
import type { ContainerSpec, NetworkSpec } from '../../../model/docker/docker-spec.ts';
import { OPTION_ROWS } from '../../../model/docker/options/container-options.ts';
import { ReconcilerError } from '../../../base/errors.ts';
import type { DesiredResource } from '../../../model/resource.ts';
import { containerSpec, networkSpec } from '../containers/specs.ts';
import { speaks } from './transport.ts';

/* Options that older engines do not know. They would pass over them in silence. */

interface Need<Spec> {
  /** Key of the spec, for the line it is written in. */
  readonly key: string;
  readonly words: string;
  /** API version. */
  readonly since: string;
  readonly isGiven: (spec: Spec) => boolean;
}

const endpoint = (
  words: string,
  since: string,
  key: 'gwPriority' | 'interfaceName',
): Need<ContainerSpec> => ({
  key: 'endpoints',
  words,
  since,
  isGiven: ({ endpoints = {} }) => Object.values(endpoints).some((one) => one[key] !== undefined),
});

const CONTAINER: readonly Need<ContainerSpec>[] = [
  ...OPTION_ROWS.flatMap(([name, { key, docker }]): Need<ContainerSpec>[] =>
    docker.since === undefined
      ? []
      : [{ key: name, words: key, since: docker.since, isGiven: (spec) => spec[name] !== undefined }],
  ),
  {
    key: 'healthcheck',
    words: 'healthcheck.start_interval',
    since: '1.44',
    isGiven: ({ healthcheck }) => !!healthcheck && 'startIntervalMs' in healthcheck,
  },
  {
    key: 'mounts',
    words: 'recursive of a bind mount',
    since: '1.44',
    isGiven: ({ mounts = [] }) =>
      mounts.some((mount) => mount.type === 'bind' && /^(writable|readonly)$/.test(mount.recursive ?? '')),
  },
  {
    key: 'endpoints',
    words: 'different values of mac_address in several networks',
    since: '1.44',
    isGiven: ({ endpoints = {} }) =>
      new Set(Object.values(endpoints).flatMap(({ macAddress }) => macAddress ?? [])).size > 1,
  },
  endpoint('gw_priority', '1.48', 'gwPriority'),
  endpoint('interface_name', '1.49', 'interfaceName'),
];

const NETWORK: readonly Need<NetworkSpec>[] = [
  {
    key: 'enableIpv4',
    words: 'enable_ipv4: false',
    since: '1.48',
    isGiven: ({ enableIpv4 }) => enableIpv4 === false,
  },
];

/** Warnings about what this engine leaves out, each with its line. */
export function describeUnmet(desired: readonly DesiredResource[], api: string): readonly string[] {
  return desired.flatMap((resource) => {
    if (resource.kind === 'container') return unmet(resource, containerSpec(resource), CONTAINER, api);
    return resource.kind === 'network' ? unmet(resource, networkSpec(resource), NETWORK, api) : [];
  });
}

function unmet<Spec>(
  { name, target, origin, origins }: DesiredResource,
  spec: Spec,
  needs: readonly Need<Spec>[],
  api: string,
): readonly string[] {
  return needs
    .filter(({ since, isGiven }) => !speaks(api, since) && isGiven(spec))
    .map(({ key, words, since }) => {
      const { file, line, column } = own(origins, key) ?? origin;
      const place = `${file}:${line}:${column}`;
      return `${place}: ${words} of ${name} has no effect: it needs API ${since}, and the engine of ${target} speaks ${api}`;
    });
}

/**
 * Throws TARGET_UNSUPPORTED for what must not be left out: without its subpath a mount would show the whole volume.
 */
export function refuseUnmet({ id }: DesiredResource, { mounts = [] }: ContainerSpec, api: string): void {
  const subpath = mounts.find((mount) => mount.type === 'volume' && mount.subpath !== undefined);
  if (subpath === undefined || speaks(api, '1.45')) return;
  const message = `${id}: volume.subpath at ${subpath.target} needs API 1.45, and the engine speaks ${api}`;
  throw new ReconcilerError('TARGET_UNSUPPORTED', message);
}
