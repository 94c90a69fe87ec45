import type { ContainerInspectInfo, ImageInspectInfo } from 'dockerode';
import type { Json } from '../../../base/json.ts';
import { asFields, asList, asString, own } from '../../../base/values.ts';
import type { ContainerSpec } from '../../../model/docker/docker-spec.ts';
import { OPTION_ROWS } from '../../../model/docker/options/container-options.ts';
import type { OptionRow } from '../../../model/docker/options/option.ts';
import { speaks } from '../engine/transport.ts';
import { isAlike } from './alike.ts';
import type { Difference } from './alike.ts';

interface Container {
  readonly inspect: ContainerInspectInfo;
  readonly image: ImageInspectInfo | null;
  readonly api: string;
}

/** The options of the table in which a container is not as it is described. */
export function compareOptions(spec: ContainerSpec, container: Container): readonly Difference[] {
  return OPTION_ROWS.flatMap(([name, row]): readonly Difference[] => {
    const { docker } = row;
    if (docker.place === 'elsewhere' || (docker.since !== undefined && !speaks(container.api, docker.since)))
      return [];
    const value = own(spec as Readonly<Record<string, unknown>>, name);
    const told = tellsEngine(row, value);
    const has = asFields(docker.place === 'Config' ? container.inspect.Config : container.inspect.HostConfig);
    const differs = Object.entries(told).some(
      ([field, wanted]) => !isSame(field, wanted, own(has, field), container),
    );
    return differs ? [{ key: name, live: liveOf(row, has) }] : [];
  });
}

/** Fields of the engine with what the description wants; `undefined` where it says nothing. */
function tellsEngine(row: OptionRow<unknown>, value: unknown): Readonly<Record<string, unknown>> {
  const { docker } = row;
  const words = value !== undefined && row.toDocker ? row.toDocker(value) : value;
  if (docker.name !== undefined) return { [docker.name]: words };
  return asFields(words) ?? {};
}

function liveOf(
  { docker }: OptionRow<unknown>,
  has: Readonly<Record<string, unknown>> | undefined,
): Json | undefined {
  const live = docker.name === undefined ? undefined : own(has, docker.name);
  return live === undefined ? undefined : (JSON.parse(JSON.stringify(live)) as Json);
}

function isSame(field: string, wanted: unknown, live: unknown, container: Container): boolean {
  const words = own(SPELLINGS, field) ?? ((value: unknown) => value);
  if (wanted !== undefined) return isAlike(words(wanted), words(live));
  if (isAlike(live, undefined) || (own(DEFAULTS, field)?.(live, container) ?? false)) return true;
  return isAlike(live, own(asFields(container.image?.Config), field));
}

/** Values that an engine has where nobody says any. */
const DEFAULTS: Readonly<Record<string, (live: unknown, container: Container) => boolean>> = {
  Hostname: (live, { inspect }) =>
    live === inspect.Id.slice(0, 12) || /^(host$|container:)/.test(inspect.HostConfig.NetworkMode ?? ''),
  StopSignal: (live) => live === 'SIGTERM',
  StopTimeout: (live) => live === 10,
  IpcMode: (live) => live === 'private' || live === 'shareable',
  CgroupnsMode: () => true,
  Runtime: (live) => live === 'runc',
  ShmSize: (live) => live === 64 * 1024 ** 2,
  MemorySwappiness: (live) => live === -1,
  Isolation: (live) => live === 'default',
  // An engine writes its own driver and options into every container.
  LogConfig: () => true,
  Ulimits: (live) => isAlike(live, []),
};

type Spelling = (value: unknown) => unknown;

/** Ways of writing the same. */
const SPELLINGS: Readonly<Record<string, Spelling>> = {
  CapAdd: asSet((name) => name.toUpperCase().replace(/^CAP_/, '')),
  CapDrop: asSet((name) => name.toUpperCase().replace(/^CAP_/, '')),
  SecurityOpt: asSet((text) => text.replace(/^([a-z-]+):/, '$1=')),
  GroupAdd: asSet((text) => text),
  ExtraHosts: asSet((text) => text.replace('=', ':')),
  DeviceCgroupRules: asSet((text) => text),
  DnsSearch: (value) => (asList(value) ?? []).filter((domain) => domain !== '.'),
  Isolation: (value) => (value === 'default' ? '' : value),
  Ulimits: (value) => [...(asList(value) ?? [])].sort((a, b) => (nameIn(a) < nameIn(b) ? -1 : 1)),
};

function nameIn(limit: unknown): string {
  return asString(own(asFields(limit), 'Name')) ?? '';
}

function asSet(spell: (text: string) => string): Spelling {
  return (value) =>
    [...new Set((asList(value) ?? []).filter((one) => typeof one === 'string').map(spell))].sort();
}
