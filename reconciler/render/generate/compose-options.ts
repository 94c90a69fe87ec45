import type { ContainerOptions } from '../../model/docker/docker-options.ts';
import { defined } from '../../base/values.ts';

/** The rarer settings in the words of Compose. */
export function composeOptions(options: ContainerOptions, shared: (mode: string) => string): object {
  const { ipc, pid } = options;
  return {
    annotations: options.annotations,
    blkio_config: options.blkio && blkioOf(options.blkio),
    cap_add: options.capAdd,
    cap_drop: options.capDrop,
    cgroup: options.cgroup,
    cgroup_parent: options.cgroupParent,
    cpu_period: options.cpuPeriod,
    cpu_quota: options.cpuQuota,
    cpu_rt_period: options.cpuRtPeriod,
    cpu_rt_runtime: options.cpuRtRuntime,
    device_cgroup_rules: options.deviceCgroupRules,
    devices: options.devices?.map(({ source, target, permissions }) => `${source}:${target}:${permissions}`),
    gpus: options.deviceRequests?.map(({ driver, count, deviceIds, capabilities, options: more }) =>
      defined({
        driver,
        count: count === -1 ? 'all' : count,
        device_ids: deviceIds,
        capabilities,
        options: more,
      }),
    ),
    dns: options.dns,
    dns_opt: options.dnsOpt,
    dns_search: options.dnsSearch,
    domainname: options.domainname,
    expose: options.expose,
    extra_hosts: options.extraHosts?.map((entry) => entry.replace(':', '=')),
    group_add: options.groupAdd,
    ipc: ipc === undefined ? undefined : shared(ipc),
    logging: options.logging,
    mac_address: options.macAddress,
    mem_swappiness: options.memSwappiness,
    oom_kill_disable: options.oomKillDisable,
    oom_score_adj: options.oomScoreAdj,
    pid: pid === undefined ? undefined : shared(pid),
    platform: options.platform,
    privileged: options.privileged,
    runtime: options.runtime,
    security_opt: options.securityOpt,
    shm_size: options.shmSize,
    stdin_open: options.stdinOpen,
    storage_opt: options.storageOpt,
    sysctls: options.sysctls,
    tty: options.tty,
    ulimits: options.ulimits,
    userns_mode: options.usernsMode,
    uts: options.uts,
  };
}

function blkioOf({
  weight,
  weightDevice,
  readBps,
  writeBps,
  readIops,
  writeIops,
}: NonNullable<ContainerOptions['blkio']>): object {
  const rates = (list: typeof readBps) => list?.map(({ path, value }) => ({ path, rate: value }));
  return defined({
    weight,
    weight_device: weightDevice?.map(({ path, value }) => ({ path, weight: value })),
    device_read_bps: rates(readBps),
    device_write_bps: rates(writeBps),
    device_read_iops: rates(readIops),
    device_write_iops: rates(writeIops),
  });
}
