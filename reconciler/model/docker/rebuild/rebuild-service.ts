import { isDeepStrictEqual } from 'node:util';
import type { Fields } from '../../../base/values.ts';
import { asFields, own } from '../../../base/values.ts';
import { OPTION_ROWS } from '../options/container-options.ts';
import { LIMIT_ROWS } from '../options/limit-options.ts';
import type { OptionRow } from '../options/option.ts';
import type { ServiceSource } from './inspected.ts';
import {
  composeLabel,
  fieldsAt,
  givenLabels,
  isNothing,
  listAt,
  saying,
  textAt,
  textsAt,
  valueAt,
} from './inspected.ts';
import { rebuildMounts } from './rebuild-mounts.ts';
import { rebuildNetworks, rebuildPorts } from './rebuild-networks.ts';

/** A container that runs as a service of a Compose file: what its image says itself, and what it would have anyway, is left out. */
export function rebuildService(source: ServiceSource): Fields {
  const { container, image, name, project } = source;
  const containerName = textAt(container, 'Name').replace(/^\//, '');
  const isUsual = new RegExp(`^${escape(project.name)}[-_]${escape(name)}[-_]\\d+$`).test(containerName);
  return {
    image: textAt(container, 'Config', 'Image'),
    ...saying({ container_name: isUsual ? '' : containerName }),
    ...rebuildCommand(source),
    ...saying({
      environment: environmentOf(source),
      labels: givenLabels(container, image),
      restart: restartOf(source),
      healthcheck: healthcheckOf(source),
      depends_on: dependenciesOf(source),
      mac_address: textAt(container, 'Config', 'MacAddress'),
      isolation: textAt(container, 'HostConfig', 'Isolation'),
    }),
    ...rebuildPorts(source),
    ...rebuildNetworks(source),
    ...rebuildMounts(source),
    ...withRequests({ ...optionsOf(source), ...limitsOf(source) }),
  };
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** The rows of the table, read backwards. */
function optionsOf(source: ServiceSource): Fields {
  const { container, image } = source;
  const host = fieldsAt(container, 'HostConfig');
  const entries = OPTION_ROWS.flatMap(([, row]): readonly (readonly [string, unknown])[] => {
    const { place, name } = row.docker;
    if (place === 'elsewhere') return [];
    const said = name === undefined ? host : valueAt(container, place, name);
    if (place === 'Config' && name !== undefined && isDeepStrictEqual(said, valueAt(image, name))) return [];
    const value = specValue(row, said);
    if (isNothing(value) || (value === false && row.default === false)) return [];
    const shared = row.isShared && typeof value === 'string' ? sharedMode(source, value) : value;
    return [[row.key, row.toCompose ? row.toCompose(shared) : shared]];
  });
  return withoutDerived(source, Object.fromEntries(entries));
}

function specValue(row: OptionRow<unknown>, said: unknown): unknown {
  if (isNothing(said)) return undefined;
  return row.fromDocker ? row.fromDocker(said) : said;
}

/** `service:db` where the container is one of the project. */
function sharedMode({ serviceOf }: ServiceSource, mode: string): string {
  const id = /^container:(.+)$/.exec(mode)?.[1];
  const service = id === undefined ? undefined : serviceOf.get(id);
  return service === undefined ? mode : `service:${service}`;
}

/** Leaves out what the engine concludes from something else. */
function withoutDerived({ container, project, remark }: ServiceSource, options: Fields): Fields {
  const mode = textAt(container, 'HostConfig', 'NetworkMode');
  const { hostname, domainname, cgroup, extra_hosts: hosts, security_opt: security, ...rest } = options;
  const id = textAt(container, 'Id');
  const isMachine = mode === 'host' && (project.machine === undefined || hostname === project.machine);
  const isDerived =
    isMachine || mode.startsWith('container:') || (typeof hostname === 'string' && id.startsWith(hostname));
  const isLabelled = rest['privileged'] === true || rest['pid'] === 'host' || rest['ipc'] === 'host';
  const profiles = textsAt({ security }, 'security').filter(
    (text) => !(isLabelled && text === 'label=disable'),
  );
  const masked = valueAt(container, 'HostConfig', 'MaskedPaths');
  const isUnmasked = Array.isArray(masked) && masked.length === 0 && rest['privileged'] !== true;
  if (profiles.some((text) => /^seccomp[=:]\{/.test(text)))
    remark('its seccomp profile stands in security_opt itself; Compose wants a file');
  return saying({
    ...(isDerived ? {} : { hostname }),
    ...(mode === 'host' ? {} : { domainname }),
    cgroup: cgroup === (project.cgroupVersion === 1 ? 'host' : 'private') ? undefined : cgroup,
    ...rest,
    extra_hosts: textsAt({ hosts }, 'hosts').toSorted(),
    security_opt: isUnmasked ? [...profiles, 'systempaths=unconfined'] : profiles,
  });
}

/**
 * Devices that are asked for under `gpus` have `gpu` as their last capability, which Compose adds; others are reserved under `deploy`, where
 * all reservations must be then.
 */
function withRequests(service: Fields): Fields {
  const { gpus, mem_reservation: memory, ...rest } = service;
  const requests = listAt({ gpus }, 'gpus').map((request) => asFields(request) ?? {});
  if (requests.length === 0) return service;
  const isGpus = requests.every((request) => textsAt(request, 'capabilities').at(-1) === 'gpu');
  if (!isGpus) {
    const reservations = saying({
      memory: typeof memory === 'number' ? String(memory) : '',
      devices: requests,
    });
    return { ...rest, deploy: { resources: { reservations } } };
  }
  const all = requests.map((request) =>
    saying({ ...request, capabilities: textsAt(request, 'capabilities').slice(0, -1) }),
  );
  return { ...service, gpus: all };
}

function limitsOf({ container }: ServiceSource): Fields {
  const host = fieldsAt(container, 'HostConfig');
  const entries = LIMIT_ROWS.flatMap(([, row]): readonly (readonly [string, unknown])[] => {
    const value = own(host, row.docker);
    if (typeof value !== 'string' && typeof value !== 'number') return [];
    if (!row.limits(value, Number.POSITIVE_INFINITY)) return [];
    // Twice the memory is what the engine makes of nothing.
    if (row.docker === 'MemorySwap' && value === Number(host['Memory']) * 2) return [];
    return [[row.key, row.toCompose ? row.toCompose(value) : value]];
  });
  return Object.fromEntries(entries);
}

/** A command counts anew where the entrypoint is another than the image's: then the image's own command is none. */
function rebuildCommand({ container, image }: ServiceSource): Fields {
  const entrypoint = textsAt(container, 'Config', 'Entrypoint');
  const command = textsAt(container, 'Config', 'Cmd');
  const imageCommand = textsAt(image, 'Cmd');
  const isInherited = isDeepStrictEqual(entrypoint, textsAt(image, 'Entrypoint'));
  const isTakenAway = isInherited && command.length === 0 && imageCommand.length > 0;
  const saysEntrypoint = !isInherited || isTakenAway;
  const isOwnCommand =
    saysEntrypoint && entrypoint.length > 0 ? command.length > 0 : !isDeepStrictEqual(command, imageCommand);
  return {
    ...(saysEntrypoint ? { entrypoint } : {}),
    ...(isOwnCommand ? { command } : {}),
  };
}

/** Variables that are not the image's; `null`: only the name is said. */
function environmentOf({ container, image }: ServiceSource): Fields {
  const known = new Set(textsAt(image, 'Env'));
  const own = textsAt(container, 'Config', 'Env').filter((text) => !known.has(text));
  return Object.fromEntries(
    own.map((text): readonly [string, string | null] => {
      const split = text.indexOf('=');
      return split === -1 ? [text, null] : [text.slice(0, split), text.slice(split + 1)];
    }),
  );
}

function restartOf({ container }: ServiceSource): string {
  const policy = fieldsAt(container, 'HostConfig', 'RestartPolicy');
  const name = textAt(policy, 'Name');
  const count = Number(policy['MaximumRetryCount'] ?? 0);
  if (name === 'no') return '';
  return name === 'on-failure' && count > 0 ? `${name}:${count}` : name;
}

function healthcheckOf({ container, image }: ServiceSource): Fields | undefined {
  const check = fieldsAt(container, 'Config', 'Healthcheck');
  if (isNothing(check) || isDeepStrictEqual(check, valueAt(image, 'Healthcheck'))) return undefined;
  const test = textsAt(check, 'Test');
  if (test[0] === 'NONE') return { disable: true };
  return saying({
    test,
    interval: nanoseconds(check['Interval']),
    timeout: nanoseconds(check['Timeout']),
    retries: check['Retries'] || undefined,
    start_period: nanoseconds(check['StartPeriod']),
    start_interval: nanoseconds(check['StartInterval']),
  });
}

/** Whole seconds where they are, `1s`; else in the unit that keeps all. */
function nanoseconds(value: unknown): string | undefined {
  if (typeof value !== 'number' || value === 0) return undefined;
  if (value % 1e9 === 0) return `${value / 1e9}s`;
  return value % 1e6 === 0 ? `${value / 1e6}ms` : `${value / 1e3}us`;
}

/** `db:service_healthy:false,…`; services that are gone are no dependencies. */
function dependenciesOf({ container, serviceOf }: ServiceSource): Fields {
  const services = new Set(serviceOf.values());
  const entries = composeLabel(container, 'depends_on')
    .split(',')
    .flatMap((text): readonly (readonly [string, Fields])[] => {
      const [service = '', condition = 'service_started', restart] = text.split(':');
      if (!services.has(service)) return [];
      return [[service, { condition, ...(restart === 'true' ? { restart: true } : {}) }]];
    });
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
