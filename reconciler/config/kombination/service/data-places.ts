import { posix } from 'node:path';
import type { DiagnosticCollector } from '../../../base/document-diagnostic.ts';
import { sha256 } from '../../../base/json.ts';
import type { BindMount, DataMount, VolumeMount } from '../../../model/docker/docker-spec.ts';
import type { OperatorPolicy } from '../../../model/operator-policy.ts';
import { OPEN_POLICY } from '../../../model/operator-policy.ts';
import { isRelative } from '../../../model/docker/mounts.ts';
import { own } from '../../../base/values.ts';
import { clusterOf } from '../cluster-node.ts';
import type { DataEntry, Kombination, MountEntry, ServiceModel, VolumeModel } from '../kombination.ts';

/*
 * Places of data that relative paths stand for (decision 046): below `data_dir` of the kombination, as Compose has it beside its file; else in the operator's
 * data directory, in a directory of its own; else, and on clusters, in a named volume of the stack.
 */

interface Context {
  readonly kombination: Kombination;
  readonly policy: OperatorPolicy;
  readonly diagnostics: DiagnosticCollector;
  /** Volumes that stand for paths, by name. */
  readonly volumes: Map<string, VolumeModel>;
}

/** The kombination with a place for every mount of a relative path that holds data. */
export function withDataPlaces(
  kombination: Kombination,
  policy: OperatorPolicy = OPEN_POLICY,
  diagnostics: DiagnosticCollector,
): Kombination {
  const { services: all, volumes: declared } = kombination;
  const hasDevices = Object.values(declared).some((volume) => deviceOf(volume) !== undefined);
  if (!hasDevices && all.every(({ dataMounts }) => dataMounts.length === 0)) return kombination;
  const context: Context = { kombination, policy, diagnostics, volumes: new Map() };
  const services = kombination.services.map((service): ServiceModel => {
    if (service.dataMounts.length === 0) return service;
    const placed = service.dataMounts.flatMap((entry) => placeData(entry, service, context) ?? []);
    return { ...service, mounts: [...service.mounts, ...placed], dataMounts: [] };
  });
  const placed = Object.entries(declared).map(
    ([name, volume]) => [name, placeVolume(volume, context)] as const,
  );
  const volumes = { ...Object.fromEntries(context.volumes), ...Object.fromEntries(placed) };
  return { ...kombination, services, volumes };
}

function placeData(
  { mount, path }: DataEntry,
  service: ServiceModel,
  { kombination, policy, diagnostics, volumes }: Context,
): MountEntry | undefined {
  const { dataDir, name: stack } = kombination;
  const cluster = clusterOf(kombination, service);
  const isOwned = mount.readOnly !== true && isUsers(service);
  if (cluster === undefined && dataDir && dataDir.directory !== null) {
    if (mount.source.startsWith('~')) {
      const message = `${mount.source} is in somebody's home, and nobody knows whose is meant`;
      diagnostics.error('INVALID_VALUE', path, message, { hint: 'write the absolute path on the host' });
      return undefined;
    }
    return { mount: bindAt(mount, posix.join(dataDir.directory, mount.source), isOwned), path };
  }
  if (cluster === undefined && dataDir === undefined && policy.dataDirectory !== null) {
    const source = posix.join(policy.dataDirectory, `${stack}.${wordsOf(mount.source)}`);
    return { mount: bindAt(mount, source, isOwned), path };
  }
  const name = `bind-${wordsOf(mount.source)}`;
  volumes.set(name, { path });
  if (dataDir === undefined) {
    const why = cluster ? 'a cluster has no directory for it' : 'the operator has given no directory for it';
    const message = `${mount.source} holds data, and ${why}: it is the volume ${name}, which begins empty`;
    diagnostics.warning('BIND_AS_VOLUME', path, message, {
      hint: 'name a volume instead, or use an absolute path of the host',
    });
  }
  return { mount: volumeOf(mount, name, isOwned), path };
}

/** The relative path that the local driver is to mount; `undefined` for every other volume. */
function deviceOf({ driverOpts = {} }: VolumeModel): string | undefined {
  const device = own(driverOpts, 'device');
  return device !== undefined && isRelative(device) ? device : undefined;
}

/** Compose takes `device` for a path beside its file. Unlike a bind, it is not made where it is missing. */
function placeVolume(volume: VolumeModel, { kombination: { dataDir }, diagnostics }: Context): VolumeModel {
  const device = deviceOf(volume);
  if (device === undefined) return volume;
  const { driverOpts, ...plain } = volume;
  if (dataDir && dataDir.directory !== null && !device.startsWith('~'))
    return { ...plain, driverOpts: { ...driverOpts, device: posix.join(dataDir.directory, device) } };
  const message = `${device} is a relative path, and no directory of the host is meant by it: the volume is a plain one`;
  diagnostics.warning('BIND_AS_VOLUME', [...volume.path, 'driver_opts', 'device'], message, {
    hint: 'say data_dir, or use an absolute path of the host',
  });
  return plain;
}

/** Tells whether what is made is the user's: under Compose a directory belongs to whoever made it, mostly to the user of the service. */
function isUsers({ options }: ServiceModel): boolean {
  const { user = '', readOnly } = options;
  // Nothing can be put into a container whose file system is read-only.
  return readOnly !== true && !/^(|0|root)(:|$)/.test(user);
}

function bindAt(mount: DataMount, source: string, isOwned: boolean): BindMount {
  return { ...mount, type: 'bind', source, ...(isOwned ? { chown: true } : {}) };
}

/** An empty directory of that user's hides what the image has there; else the volume takes over the owner from the image. */
function volumeOf({ target, readOnly }: DataMount, source: string, isOwned: boolean): VolumeMount {
  const flags = readOnly === true ? { readOnly } : {};
  return { type: 'volume', source, target, ...flags, ...(isOwned ? { nocopy: true, chown: true } : {}) };
}

const LONGEST_WORDS = 60;

/** One name for each path, which tells it: no `/`, and never the same one for two paths. */
export function wordsOf(source: string): string {
  const normal = posix.normalize(source);
  const words = normal.replace(/[^A-Za-z0-9_.]+/g, '-').replace(/^[-.]+|-+$/g, '') || 'here';
  const isPlain = /^[A-Za-z0-9_.]+(\/[A-Za-z0-9_.]+)*$/.test(normal) && words.length <= LONGEST_WORDS;
  return isPlain ? words : `${words.slice(0, LONGEST_WORDS)}-${sha256(normal).slice(0, 6)}`;
}
