import { normalisePath } from '../normalise-path.ts';
import type { Fields } from '../../../base/values.ts';
import { asFields, asList, asString, defined } from '../../../base/values.ts';
import { hostField, option, refused, TOFU_UNSUPPORTED } from './option.ts';
import type { DeviceRequestSpec, DeviceSpec } from './option-types.ts';
import { optionalNumber, readTexts, texts } from './option-values.ts';
import { readDeviceRequests, readDevices, readList } from './readers.ts';

const OF_ONE_ENGINE = 'they reach for what one engine has';

/** Devices of the machine. */
export const DEVICE_OPTIONS = {
  deviceRequests: option({
    key: 'gpus',
    alsoFrom: 'deploy',
    read: readDeviceRequests,
    docker: hostField('DeviceRequests'),
    toDocker: (requests) => requests.map(dockerRequest),
    fromDocker: (value) => filled(fieldsOf(value).map(requestOf)),
    cluster: refused(
      OF_ONE_ENGINE,
      'are asked for in other ways on a cluster',
      'use a workflow with a manifest',
    ),
    toCompose: (requests) => requests.map(composeRequest),
    tofu: {
      kind: 'attributes',
      write: (requests) => ({ gpus: requests.some(({ count }) => count === -1) ? 'all' : undefined }),
    },
    needs: () => [{ grant: 'devices', value: 'gpus' }],
  }),
  devices: option({
    key: 'devices',
    read: readDevices,
    docker: hostField('Devices'),
    toDocker: (devices) =>
      devices.map(({ source, target, permissions }) => ({
        PathOnHost: source,
        PathInContainer: target,
        CgroupPermissions: permissions,
      })),
    fromDocker: (value) => filled(fieldsOf(value).map(deviceOf)),
    cluster: refused(OF_ONE_ENGINE, 'are those of one machine', 'run it on a machine'),
    toCompose: (devices) =>
      devices.map(({ source, target, permissions }) => `${source}:${target}:${permissions}`),
    tofu: {
      kind: 'blocks',
      block: 'devices',
      write: (devices) =>
        devices.map(({ source, target, permissions }) => ({
          host_path: source,
          container_path: target,
          permissions,
        })),
    },
    needs: (devices) => devices.map(({ source }) => ({ grant: 'devices', value: normalisePath(source) })),
  }),
  deviceCgroupRules: option({
    key: 'device_cgroup_rules',
    read: readList,
    docker: hostField('DeviceCgroupRules'),
    cluster: refused(OF_ONE_ENGINE, 'are for one machine', 'run it on a machine'),
    tofu: TOFU_UNSUPPORTED,
    needs: (rules) => rules.map((rule) => ({ grant: 'devices', value: rule })),
  }),
} as const;

function fieldsOf(value: unknown): readonly Fields[] {
  return (asList(value) ?? []).flatMap((item): readonly Fields[] => {
    const fields = asFields(item);
    return fields ? [fields] : [];
  });
}

function filled<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length > 0 ? list : undefined;
}

function deviceOf({ PathOnHost, PathInContainer, CgroupPermissions }: Fields): DeviceSpec {
  const source = asString(PathOnHost) ?? '';
  const target = asString(PathInContainer) ?? source;
  return { source, target, permissions: asString(CgroupPermissions) ?? 'rwm' };
}

function requestOf({ Driver, Count, DeviceIDs, Capabilities, Options }: Fields): DeviceRequestSpec {
  const ids = texts(DeviceIDs ?? undefined);
  return defined({
    driver: asString(Driver) || undefined,
    count: ids.length > 0 ? undefined : optionalNumber(Count),
    deviceIds: ids.length > 0 ? ids : undefined,
    capabilities: texts((asList(Capabilities) ?? [])[0]),
    options: readTexts(Options),
  });
}

function dockerRequest(request: DeviceRequestSpec): object {
  return defined({
    Driver: request.driver ?? '',
    Count: request.count,
    DeviceIDs: request.deviceIds,
    Capabilities: [request.capabilities],
    Options: request.options,
  });
}

function composeRequest({ driver, count, deviceIds, capabilities, options }: DeviceRequestSpec): object {
  return defined({
    driver,
    count: count === -1 ? 'all' : count,
    device_ids: deviceIds,
    capabilities,
    options,
  });
}
