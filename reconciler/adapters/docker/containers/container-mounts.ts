import type { BindMount, ContainerSpec, MountSpec, VolumeMount } from '../../../model/docker/docker-spec.ts';
import { withoutUndefined } from './create-options.ts';

/**
 * The parts of `HostConfig` that say what is mounted.
 *
 * @param more mounts in the engine's words that the spec does not name
 */
export function buildMounts(
  { mounts = [], volumesFrom }: ContainerSpec,
  more: readonly object[],
): Readonly<Record<string, unknown>> {
  const tmpfs = mounts.filter(hasOptions);
  return {
    Binds: mounts.filter(isPlainBind).map(formatBind),
    Mounts: [...mounts.filter((mount) => !isPlainBind(mount) && !hasOptions(mount)).map(buildMount), ...more],
    Tmpfs:
      tmpfs.length > 0
        ? Object.fromEntries(tmpfs.map((mount) => [mount.target, formatTmpfs(mount)]))
        : undefined,
    VolumesFrom: volumesFrom,
  };
}

/** The short form makes the engine create a missing host directory, as Compose does; a colon cannot be written in it. */
function isPlainBind(mount: MountSpec): mount is BindMount | VolumeMount {
  // Nothing else relabels a volume.
  if (mount.type === 'volume') return mount.selinux !== undefined;
  if (mount.type !== 'bind' || mount.mustExist === true || mount.recursive !== undefined) return false;
  return !mount.source.includes(':') && !mount.target.includes(':');
}

function formatBind(mount: BindMount | VolumeMount): string {
  const { source, target, readOnly, selinux } = mount;
  const propagation = mount.type === 'bind' ? mount.propagation : mount.nocopy && 'nocopy';
  const options = [readOnly && 'ro', selinux, propagation].filter(Boolean);
  return [source, target, ...(options.length > 0 ? [options.join(',')] : [])].join(':');
}

type TmpfsMount = Extract<MountSpec, { type: 'tmpfs' }>;

/** Only the older form of the engine knows options other than size and mode. */
function hasOptions(mount: MountSpec): mount is TmpfsMount {
  return mount.type === 'tmpfs' && mount.options !== undefined;
}

function formatTmpfs({ options = [], sizeBytes, mode, readOnly }: TmpfsMount): string {
  const size = sizeBytes === undefined ? [] : [`size=${sizeBytes}`];
  const bits = mode === undefined ? [] : [`mode=${mode.toString(8)}`];
  return [...options, ...size, ...bits, ...(readOnly ? ['ro'] : [])].join(',');
}

function buildMount(mount: MountSpec): object {
  const { target, readOnly = false } = mount;
  switch (mount.type) {
    case 'tmpfs': {
      const options = withoutUndefined({ SizeBytes: mount.sizeBytes, Mode: mount.mode });
      return {
        Type: 'tmpfs',
        Target: target,
        TmpfsOptions: options,
        ...(readOnly ? { ReadOnly: readOnly } : {}),
      };
    }
    case 'anonymous':
      return {
        Type: 'volume',
        Target: target,
        ReadOnly: readOnly,
        ...(mount.nocopy ? { VolumeOptions: { NoCopy: true } } : {}),
      };
    case 'volume': {
      const options = withoutUndefined({ NoCopy: mount.nocopy, Subpath: mount.subpath });
      const more = Object.keys(options).length > 0 ? { VolumeOptions: options } : {};
      return { Type: 'volume', Source: mount.source, Target: target, ReadOnly: readOnly, ...more };
    }
    case 'bind': {
      const options = withoutUndefined({
        Propagation: mount.propagation,
        NonRecursive: mount.recursive === 'disabled' || undefined,
        ReadOnlyNonRecursive: mount.recursive === 'writable' || undefined,
        ReadOnlyForceRecursive: mount.recursive === 'readonly' || undefined,
        CreateMountpoint: mount.mustExist ? undefined : true,
      });
      const more = Object.keys(options).length > 0 ? { BindOptions: options } : {};
      return { Type: 'bind', Source: mount.source, Target: target, ReadOnly: readOnly, ...more };
    }
    default:
      return mount satisfies never;
  }
}
