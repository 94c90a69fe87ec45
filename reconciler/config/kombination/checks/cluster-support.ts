import { isServiceName } from '../../../model/kubernetes/cluster-names.ts';
import type { ServiceModel } from '../kombination.ts';
import { sharedService } from '../service/service-network.ts';

/** What becomes of a key of a service on a cluster. */
export interface KeySupport {
  readonly keys: string;
  readonly verdict: 'honoured' | 'warning' | 'error' | 'some are errors' | 'some are warnings';
  /** How, or what is said instead. */
  readonly how: string;
}

/** Every key of a service, as `docs/clusters.md` lists them. */
export const CLUSTER_SUPPORT: readonly KeySupport[] = [
  row(
    'name',
    'some are warnings',
    'name of the workload and of a headless Service, so that it leads to the pods',
  ),
  row(
    'enabled profiles node attach type kind restartPolicy environmentSecrets network storage preferred_node config',
    'honoured',
    'as everywhere',
  ),
  row('database', 'some are warnings', 'it is asked about itself; backups are made on machines only'),
  row('extends env_file label_file', 'honoured', 'read before anything else'),
  row('configs', 'some are warnings', 'as files'),
  row('image pull_policy', 'honoured', '`image`, `imagePullPolicy`'),
  row('build', 'error', 'push the image and name it; with `image` a warning: that image is pulled'),
  row('command entrypoint working_dir stdin_open tty', 'honoured', 'of the container'),
  row('env environment', 'honoured', 'secrets, and values of names such as PASSWORD, from a Secret'),
  row(
    'ports',
    'some are warnings',
    'see `publish` of the node; addresses such as 127.0.0.1 are not published',
  ),
  row(
    'volumes',
    'some are warnings',
    'a named volume is a claim and begins empty; a path of the machine is a hostPath, with a warning; the socket of the engine is an error',
  ),
  row('tmpfs', 'some are warnings', 'kept in memory; options other than the size are a warning'),
  row(
    'files',
    'some are warnings',
    'mounted read-only from a ConfigMap (1 MiB for one service); owners are a warning',
  ),
  row('secrets', 'some are warnings', 'mounted from a Secret; owners are a warning'),
  row(
    'networks',
    'some are warnings',
    'all of a namespace reach each other, which is a warning; aliases are Services; addresses are a warning',
  ),
  row(
    'network_mode',
    'some are errors',
    'host and bridge are honoured; none, service: and container: are errors',
  ),
  row('depends_on needs', 'some are warnings', 'the order of the plan; restart: true is a warning'),
  row(
    'healthcheck',
    'some are warnings',
    'readiness probe: nothing is restarted, as on an engine; without a test, and start_interval, a warning',
  ),
  row(
    'restart',
    'some are warnings',
    '"no", and what others wait for to end, is a Job, everything else a Deployment or StatefulSet, which is always started again',
  ),
  row(
    'labels annotations',
    'some are warnings',
    'annotations of the pods; a key that Kubernetes refuses is a warning',
  ),
  row('user group_add', 'some are errors', 'numbers; a name is an error'),
  row('hostname', 'some are errors', 'one that is no DNS label is an error'),
  row('read_only privileged cap_add cap_drop sysctls', 'honoured', 'securityContext'),
  row('security_opt', 'some are errors', 'no-new-privileges, seccomp=unconfined and apparmor=… are honoured'),
  row('stop_grace_period', 'honoured', '`terminationGracePeriodSeconds`'),
  row('resources mem_limit mem_reservation cpus', 'honoured', 'limits and requests'),
  row(
    'deploy',
    'some are warnings',
    'replicas, resources and rolling updates; what has no counterpart is a warning',
  ),
  row('scale', 'honoured', '`replicas`'),
  row('container_name', 'honoured', 'one more Service, where it is a name of DNS'),
  row('expose', 'honoured', 'ports of the Service'),
  row('links', 'honoured', 'a Service of the alias, for the whole namespace'),
  row('platform', 'honoured', 'node selector'),
  row('dns', 'warning', 'asked only where the name server of the cluster does not answer'),
  row('dns_search dns_opt', 'honoured', 'added to what the cluster gives'),
  row('extra_hosts', 'some are errors', 'hostAliases; host-gateway is an error'),
  row(
    'ipc pid',
    'some are errors',
    'host is honoured, shareable a warning; those of another container are errors',
  ),
  row('runtime', 'honoured', '`runtimeClassName`'),
  row('shm_size', 'honoured', 'a volume in memory at /dev/shm'),
  row('isolation', 'honoured', 'only default exists'),
  row('route', 'some are warnings', 'an Ingress; middlewares are a warning'),
  row(
    'external_links volumes_from devices device_cgroup_rules gpus',
    'error',
    'they reach for what one engine has',
  ),
  row(
    'init stop_signal mac_address domainname logging userns_mode cgroup cgroup_parent uts ulimits storage_opt',
    'warning',
    'a pod has nothing of the kind',
  ),
  row(
    'memswap_limit mem_swappiness oom_kill_disable oom_score_adj pids_limit cpu_shares cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpuset blkio_config',
    'warning',
    'a pod cannot ask for it',
  ),
  row('cpu_count cpu_percent develop', 'warning', 'no effect anywhere'),
];

function row(keys: string, verdict: KeySupport['verdict'], how: string): KeySupport {
  return { keys, verdict, how };
}

/** A key that is refused, or has no effect, whenever it is said. */
export interface KeyRule {
  readonly key: string;
  readonly severity: 'error' | 'warning';
  readonly says: (service: ServiceModel) => boolean;
  /** After "<key> of <service>". */
  readonly message: string;
  readonly hint?: string;
}

const NO_EFFECT = 'has no effect on a cluster';

export const KEY_RULES: readonly KeyRule[] = [
  refused(
    'network_mode',
    ({ networkMode: mode }) => mode === 'none' || mode?.includes(':') === true,
    'is for one engine',
    'host, or leave it out',
  ),
  refused(
    'volumes_from',
    ({ volumesFrom }) => volumesFrom.length > 0,
    'is for one engine',
    'mount the volumes themselves',
  ),
  refused(
    'external_links',
    ({ links }) => links.some(({ external }) => external),
    'is for one engine',
    'call it by the name of its Service',
  ),
  refused(
    'devices',
    ({ options }) => options.devices !== undefined,
    'are those of one machine',
    'run it on a machine',
  ),
  refused(
    'device_cgroup_rules',
    ({ options }) => options.deviceCgroupRules !== undefined,
    'are for one machine',
    'run it on a machine',
  ),
  refused(
    'gpus',
    ({ options }) => options.deviceRequests !== undefined,
    'are asked for in other ways on a cluster',
    'use a workflow with a manifest',
  ),
  refused(
    'user',
    ({ user }) => user !== undefined && !/^\d+(:\d+)?$/.test(user),
    'is a name, and a cluster wants its number',
    'such as 1000 or 1000:1000',
  ),
  refused(
    'group_add',
    ({ options }) => options.groupAdd?.some((group) => !/^\d+$/.test(group)) === true,
    'has a name, and a cluster wants numbers',
    'such as 999',
  ),
  refused(
    'hostname',
    ({ hostname }) => hostname !== undefined && !/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(hostname),
    'is no name of DNS',
    'lower-case letters, digits and hyphens',
  ),
  refused(
    'extra_hosts',
    ({ options }) => options.extraHosts?.some((entry) => entry.endsWith(':host-gateway')) === true,
    'names the machine, and a pod may be on any',
    'write an address',
  ),
  refused(
    'pid',
    ({ options: { pid } }) => pid !== undefined && pid !== 'host',
    'is for one engine',
    'host, or leave it out',
  ),
  refused(
    'ipc',
    ({ options: { ipc } }) => sharedService(ipc) !== undefined || ipc?.startsWith('container:') === true,
    'is for one engine',
    'host, or leave it out',
  ),
  ignored('ipc', ({ options: { ipc } }) => ipc === 'shareable' || ipc === 'none'),
  ignored('init', ({ init }) => init === true),
  ignored('stop_signal', ({ stopSignal }) => stopSignal !== undefined),
  {
    key: 'dns',
    severity: 'warning',
    says: ({ options }) => options.dns !== undefined,
    message: 'is only asked where the name server of the cluster does not answer',
  },
  ignored('mac_address', ({ options }) => options.macAddress !== undefined),
  ignored('domainname', ({ options }) => options.domainname !== undefined),
  ignored('logging', ({ options }) => options.logging !== undefined),
  ignored('userns_mode', ({ options }) => options.usernsMode !== undefined),
  ignored('cgroup', ({ options }) => options.cgroup !== undefined),
  ignored('cgroup_parent', ({ options }) => options.cgroupParent !== undefined),
  ignored('uts', ({ options }) => options.uts !== undefined),
  ignored('ulimits', ({ options }) => options.ulimits !== undefined),
  ignored('storage_opt', ({ options }) => options.storageOpt !== undefined),
  ignored('memswap_limit', ({ resources }) => resources?.memorySwapBytes !== undefined),
  ignored('mem_swappiness', ({ options }) => options.memSwappiness !== undefined),
  ignored('oom_kill_disable', ({ options }) => options.oomKillDisable === true),
  ignored('oom_score_adj', ({ options }) => options.oomScoreAdj !== undefined),
  ignored('pids_limit', ({ resources }) => resources?.pidsLimit !== undefined),
  ignored('cpu_shares', ({ resources }) => resources?.cpuShares !== undefined),
  ignored('cpu_period', ({ options }) => options.cpuPeriod !== undefined, 'say cpus'),
  ignored('cpu_quota', ({ options }) => options.cpuQuota !== undefined, 'say cpus'),
  ignored('cpu_rt_period', ({ options }) => options.cpuRtPeriod !== undefined),
  ignored('cpu_rt_runtime', ({ options }) => options.cpuRtRuntime !== undefined),
  ignored('cpuset', ({ resources }) => resources?.cpuset !== undefined),
  ignored('blkio_config', ({ options }) => options.blkio !== undefined),
  ignored(
    'container_name',
    ({ containerName }) => containerName !== undefined && !isServiceName(containerName),
    'pods are called by the cluster',
  ),
];

function refused(key: string, says: KeyRule['says'], message: string, hint: string): KeyRule {
  return { key, severity: 'error', says, message, hint };
}

function ignored(key: string, says: KeyRule['says'], hint?: string): KeyRule {
  return { key, severity: 'warning', says, message: NO_EFFECT, ...(hint === undefined ? {} : { hint }) };
}

/** The table of `docs/clusters.md`. */
export function formatClusterSupport(): string {
  const lines = CLUSTER_SUPPORT.map(({ keys, verdict, how }) => {
    const names = keys.split(' ').map((key) => `\`${key}\``);
    return `| ${names.join(', ')} | ${verdict} | ${how} |`;
  });
  return ['| key of a service | on a cluster | how |', '| --- | --- | --- |', ...lines].join('\n');
}
