import { isServiceName } from '../../../model/kubernetes/cluster-names.ts';
import type { ServiceModel } from '../kombination.ts';
import { LIMIT_ROWS } from '../../../model/docker/options/limit-options.ts';
import { OPTION_ROWS } from '../../../model/docker/options/container-options.ts';
import type { ClusterSupport, ClusterVerdict } from '../../../model/docker/options/option.ts';
import { appliesTo, NO_EFFECT } from '../../../model/docker/options/option.ts';

/** Fate of a key of a service on a cluster. */
export interface KeySupport {
  readonly keys: string;
  readonly verdict: ClusterVerdict;
  /** Way in which it is honoured, or what is said instead. */
  readonly how: string;
}

/** Keys that are no options of a container; those have their own rows in `model/docker/options`. */
const OTHER_KEYS: readonly KeySupport[] = [
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
  row('database', 'honoured', 'a client in its pod asks it about itself, and makes and restores backups'),
  row('extends env_file label_file', 'honoured', 'read before anything else'),
  row('configs', 'some are warnings', 'as files'),
  row('image pull_policy', 'honoured', '`image`, `imagePullPolicy`'),
  row('image_update', 'honoured', 'written into the file, as everywhere'),
  row('build', 'error', 'push the image and name it; with `image` a warning: that image is pulled'),
  row('command entrypoint', 'honoured', 'of the container'),
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
  row('post_start pre_stop', 'error', 'a pod has no order of commands with users of their own'),
  row('labels', 'some are warnings', 'annotations of the pods; a key that Kubernetes refuses is a warning'),
  row('resources', 'honoured', 'limits and requests'),
  row(
    'deploy',
    'some are warnings',
    'replicas, resources and rolling updates; what has no counterpart is a warning',
  ),
  row('scale', 'honoured', '`replicas`'),
  row('container_name', 'honoured', 'one more Service, where it is a name of DNS'),
  row('links', 'honoured', 'a Service of the alias, for the whole namespace'),
  row('isolation', 'honoured', 'only default exists'),
  row('route', 'some are warnings', 'an Ingress; middlewares are a warning'),
  row('external_links volumes_from', 'error', 'they reach for what one engine has'),
  row('cpu_count cpu_percent develop', 'warning', 'no effect anywhere'),
];

/** Every key of a service, as `docs/clusters.md` lists them: keys with the same answer are one row. */
export const CLUSTER_SUPPORT: readonly KeySupport[] = groupByAnswer([
  ...OTHER_KEYS,
  ...[...OPTION_ROWS, ...LIMIT_ROWS].map(([, { key, cluster }]) => row(key, cluster.verdict, cluster.how)),
]);

function groupByAnswer(rows: readonly KeySupport[]): readonly KeySupport[] {
  const groups = Map.groupBy(rows, ({ verdict, how }) => `${verdict} ${how}`);
  return [...groups.values()].flatMap(([first, ...others]) =>
    first ? [{ ...first, keys: [first, ...others].map(({ keys }) => keys).join(' ') }] : [],
  );
}

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

export const KEY_RULES: readonly KeyRule[] = [
  ...OPTION_ROWS.flatMap(([name, { key, cluster }]) => rulesOf(key, cluster, ({ options }) => options[name])),
  ...LIMIT_ROWS.flatMap(([name, { key, cluster }]) =>
    rulesOf(key, cluster, ({ resources }) => resources?.[name]),
  ),
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
    'post_start',
    ({ postStart }) => postStart !== undefined,
    'is for one engine',
    'run it in the entrypoint, or in a hook',
  ),
  refused(
    'pre_stop',
    ({ preStop }) => preStop !== undefined,
    'is for one engine',
    'let the service handle its stop_signal',
  ),
  ignored(
    'container_name',
    ({ containerName }) => containerName !== undefined && !isServiceName(containerName),
    'pods are called by the cluster',
  ),
];

function rulesOf(
  key: string,
  { rules }: ClusterSupport<unknown>,
  valueOf: (service: ServiceModel) => unknown,
): readonly KeyRule[] {
  return rules.map((rule) => {
    const { severity, message, hint } = rule;
    const says: KeyRule['says'] = (service) => {
      const value = valueOf(service);
      return value !== undefined && appliesTo(rule, value);
    };
    return { key, severity, says, message, ...(hint === undefined ? {} : { hint }) };
  });
}

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
