import type { Fields } from '../../../base/values.ts';
import { asFields, compareText } from '../../../base/values.ts';
import type { Inspected, ServiceSource } from './inspected.ts';
import { composeLabel, fieldsAt, isNothing, listAt, saying, textAt, textsAt, valueAt } from './inspected.ts';

/* Mounts of a container as lines of a Compose file. */

export function rebuildMounts(source: ServiceSource): Fields {
  const { container, image, remark } = source;
  // Engines and Compose keep them in any order.
  const binds = textsAt(container, 'HostConfig', 'Binds').toSorted((a, b) =>
    compareText(targetOf(a), targetOf(b)),
  );
  const mounts = listAt(container, 'HostConfig', 'Mounts')
    .flatMap((mount): readonly Fields[] => {
      const fields = asFields(mount);
      return fields ? [fields] : [];
    })
    .toSorted((a, b) => compareText(textAt(a, 'Target'), textAt(b, 'Target')));
  const placed = new Set([
    ...binds.map(targetOf),
    ...mounts.map((mount) => textAt(mount, 'Target')),
    ...inherited(source),
    ...Object.keys(fieldsAt(image, 'Volumes')),
  ]);
  // A volume that nobody named, and that is not the image's own.
  const anonymous = listAt(container, 'Mounts').flatMap((mount) => {
    const target = textAt(mount, 'Destination');
    return textAt(mount, 'Type') === 'volume' && !placed.has(target) ? [target] : [];
  });
  const tmpfs = Object.entries(fieldsAt(container, 'HostConfig', 'Tmpfs')).map(([path, options]) =>
    typeof options === 'string' && options !== '' ? `${path}:${options}` : path,
  );
  const driver = textAt(container, 'HostConfig', 'VolumeDriver');
  if (driver !== '')
    remark(`its volumes are made by the driver ${driver}, which a Compose file says of each volume`);
  return saying({
    volumes: [
      ...binds.map((bind) => rebuildBind(source, bind)),
      ...mounts.map((mount) => rebuildMount(source, mount)),
      ...anonymous.toSorted(compareText),
    ],
    tmpfs: tmpfs.toSorted(compareText),
    volumes_from: rebuildVolumesFrom(source),
  });
}

function targetOf(bind: string): string {
  return bind.split(':')[1] ?? '';
}

/** `proj_data:/data:rw` */
function rebuildBind({ project }: ServiceSource, bind: string): string {
  const [from = '', target = '', options = ''] = bind.split(':');
  const said = options.split(',').filter((option) => option !== '' && option !== 'rw');
  const key = from.startsWith('/') ? from : volumeKey(project.volumes, project.name, from);
  return [key, target, ...(said.length > 0 ? [said.join(',')] : [])].join(':');
}

function rebuildMount({ project }: ServiceSource, mount: Fields): Fields {
  const type = textAt(mount, 'Type');
  const from = textAt(mount, 'Source');
  const isVolume = type === 'volume';
  const propagation = textAt(mount, 'BindOptions', 'Propagation');
  const recursive = valueAt(mount, 'BindOptions', 'NonRecursive') === true ? 'disabled' : undefined;
  const writable = valueAt(mount, 'BindOptions', 'ReadOnlyNonRecursive') === true ? 'writable' : recursive;
  const forced = valueAt(mount, 'BindOptions', 'ReadOnlyForceRecursive') === true ? 'readonly' : writable;
  const size = valueAt(mount, 'TmpfsOptions', 'SizeBytes');
  const mode = valueAt(mount, 'TmpfsOptions', 'Mode');
  return saying({
    type,
    source: isVolume && from !== '' ? volumeKey(project.volumes, project.name, from) : from,
    target: textAt(mount, 'Target'),
    read_only: mount['ReadOnly'] === true ? true : undefined,
    consistency: textAt(mount, 'Consistency').replace(/^default$/, ''),
    bind:
      type === 'bind'
        ? {
            create_host_path: valueAt(mount, 'BindOptions', 'CreateMountpoint') === true,
            ...saying({ propagation, recursive: forced }),
          }
        : undefined,
    volume: saying({
      nocopy: valueAt(mount, 'VolumeOptions', 'NoCopy') === true ? true : undefined,
      subpath: textAt(mount, 'VolumeOptions', 'Subpath'),
      labels: valueAt(mount, 'VolumeOptions', 'Labels'),
    }),
    tmpfs: saying({ size: size || undefined, mode: mode || undefined }),
    image: saying({ subpath: textAt(mount, 'ImageOptions', 'Subpath') }),
  });
}

/** Targets that came from other containers. */
function inherited({ project, container }: ServiceSource): readonly string[] {
  return textsAt(container, 'HostConfig', 'VolumesFrom').flatMap((from) => {
    const [id = ''] = from.split(':');
    const other = project.containers.find((one) => one['Id'] === id || textAt(one, 'Name') === `/${id}`);
    const targets = other ? listAt(other, 'Mounts') : listAt(container, 'Mounts');
    return targets.map((mount) => textAt(mount, 'Destination'));
  });
}

function rebuildVolumesFrom({ container, serviceOf }: ServiceSource): readonly string[] {
  return textsAt(container, 'HostConfig', 'VolumesFrom').map((from) => {
    const [id = '', ...options] = from.split(':');
    const service = serviceOf.get(id);
    return [...(service === undefined ? ['container', id] : [service]), ...options].join(':');
  });
}

/** Name of a volume in the file. */
export function volumeKey(volumes: readonly Inspected[], project: string, name: string): string {
  return partKey(volumes, { kind: 'volume', project, name });
}

interface Part {
  readonly kind: 'network' | 'volume';
  readonly project: string;
  /** Name on the engine. */
  readonly name: string;
}

/** Key of a network or volume: the one that Compose gave it, or its name as far as it can be a key. */
export function partKey(parts: readonly Inspected[], { kind, project, name }: Part): string {
  const part = parts.find((one) => one['Name'] === name);
  const isOwn = part !== undefined && composeLabel(part, 'project') === project;
  const key = isOwn ? composeLabel(part, kind) : '';
  return key === '' ? name.replace(/[^A-Za-z0-9._-]+/g, '-') : key;
}

/** Networks and volumes of the file, those of other projects as external ones. */
export function rebuildParts(
  parts: readonly Inspected[],
  { kind, project }: Pick<Part, 'kind' | 'project'>,
  describe: (part: Inspected) => Fields,
): Fields {
  const entries = parts.map((part): readonly [string, unknown] => {
    const name = textAt(part, 'Name');
    const key = partKey(parts, { kind, project, name });
    const isOwn = composeLabel(part, 'project') === project;
    const named = name === `${project}_${key}` ? {} : { name };
    if (!isOwn) return [key, { external: true, ...(name === key ? {} : { name }) }];
    const said = { ...named, ...describe(part) };
    return [key, isNothing(said) ? null : said];
  });
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
