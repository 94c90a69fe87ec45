import type {
  BlkioDevice,
  ContainerOptions,
  DeviceRequestSpec,
} from '../../../model/docker/docker-options.ts';
import type { ContainerSpec, EndpointSpec } from '../../../model/docker/docker-spec.ts';
import { speaks } from '../engine/transport.ts';

/*
 * The rarer settings of a container in the engine's words. What an engine of this API version does not know is left
 * out; `engine-needs.ts` says so.
 */

type Body = Readonly<Record<string, unknown>>;

/** For the top level of "create container". */
export function buildConfigOptions(options: ContainerOptions): Body {
  return {
    Domainname: options.domainname,
    OpenStdin: options.stdinOpen,
    Tty: options.tty,
  };
}

/** For its `HostConfig`. */
export function buildHostOptions(options: ContainerOptions, api: string): Body {
  return {
    ...buildCpuOptions(options),
    ...buildBlkio(options.blkio ?? {}),
    ...buildNamespaces(options, api),
    Annotations: speaks(api, '1.43') ? options.annotations : undefined,
    CapAdd: options.capAdd,
    CapDrop: options.capDrop,
    DeviceCgroupRules: options.deviceCgroupRules,
    Devices: options.devices?.map(({ source, target, permissions }) => ({
      PathOnHost: source,
      PathInContainer: target,
      CgroupPermissions: permissions,
    })),
    DeviceRequests: options.deviceRequests?.map(buildDeviceRequest),
    Dns: options.dns,
    DnsOptions: options.dnsOpt,
    DnsSearch: options.dnsSearch,
    ExtraHosts: options.extraHosts,
    GroupAdd: options.groupAdd,
    LogConfig: options.logging && {
      Type: options.logging.driver ?? '',
      Config: options.logging.options ?? {},
    },
    MemorySwappiness: options.memSwappiness,
    OomKillDisable: options.oomKillDisable,
    OomScoreAdj: options.oomScoreAdj,
    Privileged: options.privileged,
    Runtime: options.runtime,
    SecurityOpt: options.securityOpt,
    ShmSize: options.shmSize,
    StorageOpt: options.storageOpt,
    Sysctls: options.sysctls,
    Ulimits:
      options.ulimits &&
      Object.entries(options.ulimits).map(([Name, { soft, hard }]) => ({ Name, Soft: soft, Hard: hard })),
  };
}

/** How an endpoint of a container in a network is made. */
export function buildEndpoint(spec: ContainerSpec, network: string, isFirst: boolean, api: string): Body {
  const { linkLocalIps, links, gwPriority, ...endpoint }: EndpointSpec = spec.endpoints?.[network] ?? {};
  const { ipv4Address, ipv6Address } = spec.networks?.[network] ?? {};
  const addresses = withoutUndefined({
    IPv4Address: ipv4Address,
    IPv6Address: ipv6Address,
    LinkLocalIPs: linkLocalIps,
  });
  const { interfaceName, driverOpts } = endpoint;
  const named = interfaceName === undefined ? {} : { [INTERFACE_NAME]: interfaceName };
  const options = { ...driverOpts, ...named };
  const mac = endpoint.macAddress ?? (isFirst ? spec.macAddress : undefined);
  return withoutUndefined({
    IPAMConfig: Object.keys(addresses).length > 0 ? addresses : undefined,
    Links: links,
    DriverOpts: Object.keys(options).length > 0 ? options : undefined,
    MacAddress: speaks(api, '1.44') ? mac : undefined,
    GwPriority: speaks(api, '1.48') ? gwPriority : undefined,
  });
}

const INTERFACE_NAME = 'com.docker.network.endpoint.ifname';

/** Before API 1.44 a container has one address for all of its networks. */
export function containerMac(
  spec: ContainerSpec,
  first: string | undefined,
  api: string,
): string | undefined {
  if (first === undefined) return spec.macAddress;
  return speaks(api, '1.44') ? undefined : (spec.macAddress ?? spec.endpoints?.[first]?.macAddress);
}

export function withoutUndefined(object: Body): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

function buildNamespaces(options: ContainerOptions, api: string): Body {
  return {
    CgroupnsMode: speaks(api, '1.41') ? options.cgroup : undefined,
    CgroupParent: options.cgroupParent,
    IpcMode: options.ipc,
    PidMode: options.pid,
    UsernsMode: options.usernsMode,
    UTSMode: options.uts,
  };
}

function buildCpuOptions({ cpuPeriod, cpuQuota, cpuRtPeriod, cpuRtRuntime }: ContainerOptions): Body {
  return {
    CpuPeriod: cpuPeriod,
    CpuQuota: cpuQuota,
    CpuRealtimePeriod: cpuRtPeriod,
    CpuRealtimeRuntime: cpuRtRuntime,
  };
}

function buildBlkio(blkio: NonNullable<ContainerOptions['blkio']>): Body {
  const rates = (devices: readonly BlkioDevice[] | undefined) =>
    devices?.map(({ path, value }) => ({ Path: path, Rate: value }));
  return {
    BlkioWeight: blkio.weight,
    BlkioWeightDevice: blkio.weightDevice?.map(({ path, value }) => ({ Path: path, Weight: value })),
    BlkioDeviceReadBps: rates(blkio.readBps),
    BlkioDeviceWriteBps: rates(blkio.writeBps),
    BlkioDeviceReadIOps: rates(blkio.readIops),
    BlkioDeviceWriteIOps: rates(blkio.writeIops),
  };
}

function buildDeviceRequest(request: DeviceRequestSpec): Body {
  return withoutUndefined({
    Driver: request.driver ?? '',
    Count: request.count,
    DeviceIDs: request.deviceIds,
    Capabilities: [request.capabilities],
    Options: request.options,
  });
}
