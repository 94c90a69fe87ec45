import { normalisePath } from '../normalise-path.ts';
import { defined } from '../../../base/values.ts';
import { hostField, option, refused, TOFU_UNSUPPORTED } from './option.ts';
import type { DeviceRequestSpec } from './option-types.ts';
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
