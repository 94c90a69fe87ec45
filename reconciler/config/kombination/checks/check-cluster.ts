import { checkClusterNodes, clusterOf } from '../cluster-node.ts';
import type { ClusterNode } from '../cluster-model.ts';
import { dnsName, isServiceName, publishedName } from '../../../model/kubernetes/cluster-names.ts';
import { isWildcard } from '../../../model/docker/ports.ts';
import { KEY_RULES } from './cluster-support.ts';
import type { DocumentPath } from '../../../base/document-path.ts';
import { formatPath } from '../../../base/document-path.ts';
import type { DiagnosticCollector } from '../../../base/document-diagnostic.ts';
import type { Kombination, ServiceModel } from '../kombination.ts';

/**
 * Says of every service on a cluster what cannot be done there. Errors are what would make it another service, warnings what it does
 * without.
 *
 * @param services those of the kombination, and its hooks
 */
export function checkCluster(
  kombination: Kombination,
  services: readonly ServiceModel[],
  diagnostics: DiagnosticCollector,
): void {
  checkClusterNodes(kombination, diagnostics);
  const placed = services.flatMap((service) => {
    const cluster = clusterOf(kombination, service);
    return cluster ? [{ service, cluster }] : [];
  });
  if (placed.length === 0) return;
  for (const { service, cluster } of placed) checkService(service, { kombination, cluster, diagnostics });
  checkNames(
    placed.map(({ service }) => service).filter((one) => kombination.services.includes(one)),
    diagnostics,
  );
  const onCluster = new Set(placed.map(({ service }) => service));
  checkNetworks(kombination, onCluster, diagnostics);
  checkVolumes(kombination, onCluster, diagnostics);
}

interface Check {
  readonly kombination: Kombination;
  readonly cluster: ClusterNode;
  readonly diagnostics: DiagnosticCollector;
}

/** Says that something has no effect. */
function ignore(diagnostics: DiagnosticCollector, path: DocumentPath, message: string, hint?: string): void {
  diagnostics.warning('UNSUPPORTED_KEY', path, message, { hint, at: 'key' });
}

function checkService(service: ServiceModel, check: Check): void {
  const { name, path } = service;
  const { diagnostics } = check;
  for (const { key, severity, says, message, hint } of KEY_RULES) {
    if (!says(service)) continue;
    const place = [...path, key];
    if (severity === 'warning') ignore(diagnostics, place, `${key} of ${name} ${message}`, hint);
    else diagnostics.error('UNSUPPORTED_KEY', place, `${key} of ${name} ${message}`, { hint, at: 'key' });
  }
  checkPorts(service, check);
  checkMounts(service, diagnostics);
  checkPlacedFiles(service, diagnostics);
  checkHealth(service, diagnostics);
  checkUpdate(service, diagnostics);
  checkSecurity(service, diagnostics);
  checkLabels(service, diagnostics);
  checkPlaces(service, diagnostics);
  checkRestart(service, check);
}

function checkRestart({ name, path, restart }: ServiceModel, { kombination, diagnostics }: Check): void {
  const isAwaited = kombination.services.some(({ dependsOn }) =>
    dependsOn.some(({ service, until }) => service === name && until === 'completed'),
  );
  if (restart?.policy !== 'on-failure' || isAwaited) return;
  const message = `restart: on-failure of ${name} is always on a cluster, also when it ends well`;
  ignore(diagnostics, [...path, 'restart'], message, 'say "no" for what shall end');
}

function checkPorts({ name, ports = [] }: ServiceModel, { cluster, diagnostics }: Check): void {
  for (const { port, path } of ports) {
    const where = port.hostPort === undefined ? `port ${port.containerPort}` : `port ${port.hostPort}`;
    if (!isWildcard(port.hostIp)) {
      ignore(
        diagnostics,
        path,
        `${where} of ${name} is published at ${port.hostIp} only, which no cluster has`,
      );
    } else if (cluster.publish === 'none') {
      const hint = 'publish: load-balancer or node-port at the node, or a route';
      ignore(diagnostics, path, `${where} of ${name} is reached inside of the cluster only`, hint);
    } else if (cluster.publish === 'node-port' && port.hostPort !== undefined && !isNodePort(port.hostPort)) {
      const hint = 'choose one from 30000 to 32767';
      ignore(
        diagnostics,
        path,
        `${where} of ${name} is none that nodes open; the cluster chooses another`,
        hint,
      );
    }
  }
}

/** Ports that a cluster opens on its nodes unless it was told otherwise. */
export function isNodePort(port: number): boolean {
  return port >= 30_000 && port <= 32_767;
}

const ENGINE_SOCKET = /^(\/var)?\/run\/docker\.sock$/;

function checkMounts({ name, mounts, replicas = 1 }: ServiceModel, diagnostics: DiagnosticCollector): void {
  for (const { mount, path } of mounts) {
    if (mount.type === 'bind' && ENGINE_SOCKET.test(mount.source)) {
      const message = `${name} wants the socket of a Docker Engine, which a cluster does not have`;
      diagnostics.error('UNSUPPORTED_KEY', path, message, { hint: 'run it on a machine' });
    } else if (mount.type === 'bind') {
      const message = `${mount.source} is that of whichever machine ${name} comes to run on`;
      ignore(diagnostics, path, message, 'use a named volume');
    } else if (mount.type === 'volume' && replicas > 1) {
      const message = `${replicas} pods of ${name} share the volume ${mount.source}, which most clusters mount on one machine only`;
      ignore(diagnostics, path, message);
    } else if (mount.type === 'tmpfs' && hasMoreThanSize(mount)) {
      ignore(diagnostics, path, `of the options of ${mount.target} only the size has an effect on a cluster`);
    }
  }
}

function hasMoreThanSize({ options = [], mode }: { options?: readonly string[]; mode?: number }): boolean {
  return mode !== undefined || options.some((option) => !/^(size=.*|rw|exec)$/.test(option));
}

function checkPlacedFiles({ name, files, secrets }: ServiceModel, diagnostics: DiagnosticCollector): void {
  for (const { target, uid, gid, path } of [...files, ...secrets]) {
    if (uid === undefined && gid === undefined) continue;
    ignore(diagnostics, path, `the owner of ${target} in ${name} has no effect on a cluster`);
  }
}

function checkHealth({ name, path, healthcheck }: ServiceModel, diagnostics: DiagnosticCollector): void {
  if (!healthcheck || 'disabled' in healthcheck) return;
  const place = [...path, 'healthcheck'];
  if (healthcheck.test === undefined) {
    const message = `the check of ${name} is the image's own, which no cluster runs`;
    ignore(diagnostics, place, message, 'write the test here');
  }
  if (healthcheck.startIntervalMs !== undefined)
    ignore(diagnostics, [...place, 'start_interval'], `start_interval of ${name} has no effect on a cluster`);
}

function checkUpdate(
  { name, path, update, rollback, dependsOn }: ServiceModel,
  diagnostics: DiagnosticCollector,
): void {
  const deploy = [...path, 'deploy'];
  const warn = (key: string, hint?: string) =>
    ignore(
      diagnostics,
      [...deploy, 'update_config', key],
      `${key} of ${name} has no effect on a cluster`,
      hint,
    );
  if (update?.delayMs !== undefined && update.delayMs > 0) warn('delay', 'monitor makes each pod wait');
  if (update?.maxFailureRatio !== undefined && update.maxFailureRatio > 0) warn('max_failure_ratio');
  if (update?.failureAction !== undefined && update.failureAction !== 'rollback')
    warn('failure_action', 'what does not become healthy is put back as a whole');
  if (rollback !== undefined)
    ignore(
      diagnostics,
      [...deploy, 'rollback_config'],
      `rollback_config of ${name} has no effect on a cluster`,
    );
  for (const { restart, service, path: place } of dependsOn) {
    if (restart !== true) continue;
    ignore(diagnostics, [...place, 'restart'], `${name} is not made anew with ${service} on a cluster`);
  }
}

const KNOWN_SECURITY = /^(no-new-privileges(=(true|false))?|seccomp=(unconfined|builtin)|apparmor=.+)$/;

function checkSecurity({ name, path, options }: ServiceModel, diagnostics: DiagnosticCollector): void {
  for (const option of options.securityOpt ?? []) {
    if (KNOWN_SECURITY.test(option)) continue;
    const shown = option.length > 40 ? `${option.slice(0, 40)}…` : option;
    diagnostics.error(
      'UNSUPPORTED_KEY',
      [...path, 'security_opt'],
      `${shown} of ${name} cannot be said on a cluster`,
    );
  }
}

const ANNOTATION = /^([a-z0-9]([a-z0-9.-]*[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;

/** Tells whether Kubernetes takes it as the key of an annotation. */
export function isAnnotation(key: string): boolean {
  return ANNOTATION.test(key);
}

function checkLabels(
  { name, path, labels, options, route }: ServiceModel,
  diagnostics: DiagnosticCollector,
): void {
  const maps = { labels, annotations: options.annotations ?? {} };
  for (const [word, map] of Object.entries(maps)) {
    for (const key of Object.keys(map)) {
      if (isAnnotation(key)) continue;
      ignore(diagnostics, [...path, word, key], `"${key}" of ${name} is no key that a cluster takes`);
    }
  }
  if (route && route.middlewares?.length)
    ignore(
      diagnostics,
      [...path, 'route', 'middlewares'],
      `the middlewares of ${name} have no effect on a cluster`,
    );
}

function checkPlaces({ name, networks = [] }: ServiceModel, diagnostics: DiagnosticCollector): void {
  for (const { address, endpoint, path } of networks) {
    if (address === undefined && endpoint === undefined) continue;
    ignore(diagnostics, path, `${name} cannot choose its place in a network of a cluster`);
  }
}

/** Names under which pods of this service are found. */
export function namesInCluster(service: ServiceModel, services: readonly ServiceModel[]): readonly string[] {
  const { name, containerName, networks = [] } = service;
  const aliases = networks.flatMap((entry) => entry.aliases);
  const links = services
    .filter(({ node }) => node === service.node)
    .flatMap((other) => other.links.filter(({ target, external }) => !external && target === name));
  const more = [...aliases, ...links.map(({ alias }) => alias), ...(containerName ? [containerName] : [])];
  return [...new Set([dnsName(name), ...more.filter(isServiceName)])];
}

function checkNames(services: readonly ServiceModel[], diagnostics: DiagnosticCollector): void {
  const owners = new Map<string, ServiceModel>();
  for (const service of services) {
    const { name, node, path, networks = [] } = service;
    const own = dnsName(name);
    if (!isServiceName(own)) {
      diagnostics.error('INVALID_VALUE', path, `${name} cannot be a name on a cluster`, {
        hint: 'it has to begin with a letter',
        at: 'key',
      });
    } else if (own !== name) {
      ignore(
        diagnostics,
        path,
        `${name} is called ${own} on a cluster, and found by that name only`,
        `rename it`,
      );
    }
    for (const { aliases, path: place } of networks) {
      for (const alias of aliases.filter((one) => !isServiceName(one)))
        ignore(diagnostics, place, `the alias ${alias} of ${name} is no name of DNS, and leads nowhere`);
    }
    for (const called of [...namesInCluster(service, services), publishedName(name)]) {
      const other = owners.get(`${node}/${called}`);
      owners.set(`${node}/${called}`, other ?? service);
      if (!other || other === service) continue;
      diagnostics.error('DUPLICATE_NAME', path, `${other.name} and ${name} would both be called ${called}`, {
        hint: `first: ${formatPath(other.path)}`,
        at: 'key',
      });
    }
  }
}

/** A namespace has no networks inside. Said once for each that is declared. */
function checkNetworks(
  { networks }: Kombination,
  onCluster: ReadonlySet<ServiceModel>,
  diagnostics: DiagnosticCollector,
): void {
  const used = new Set([...onCluster].flatMap((service) => (service.networks ?? []).map(({ name }) => name)));
  for (const [name, { path, external, internal }] of Object.entries(networks)) {
    if (!used.has(name)) continue;
    const message = external
      ? `the network ${name} is of an engine; on a cluster everything in the namespace reaches each other`
      : `the network ${name} keeps nothing apart on a cluster: everything in the namespace reaches each other`;
    const hint = internal ? 'nor does internal keep it from reaching out; use a NetworkPolicy' : undefined;
    ignore(diagnostics, path, message, hint);
  }
}

const VOLUME_OPTIONS = ['size'];

function checkVolumes(
  { volumes }: Kombination,
  onCluster: ReadonlySet<ServiceModel>,
  diagnostics: DiagnosticCollector,
): void {
  const used = new Set(
    [...onCluster].flatMap((service) =>
      service.mounts.flatMap(({ mount }) => (mount.type === 'volume' ? [mount.source] : [])),
    ),
  );
  for (const [name, { path, driverOpts = {}, name: called, labels = {} }] of Object.entries(volumes)) {
    if (!used.has(name)) continue;
    for (const option of Object.keys(driverOpts).filter((key) => !VOLUME_OPTIONS.includes(key))) {
      const message = `${option} of the volume ${name} is for engines; a claim cannot ask for it`;
      diagnostics.error('UNSUPPORTED_KEY', [...path, 'driver_opts', option], message, {
        hint: 'make a volume of that kind on the cluster, and say external: true',
        at: 'key',
      });
    }
    if (called !== undefined && dnsName(called) !== called) {
      const message = `${called} is no name that a cluster takes`;
      diagnostics.error('INVALID_VALUE', [...path, 'name'], message, {
        hint: 'lower-case letters, digits and hyphens',
      });
    }
    if (Object.keys(labels).length > 0)
      ignore(diagnostics, [...path, 'labels'], `labels of the volume ${name} have no effect on a cluster`);
  }
}
