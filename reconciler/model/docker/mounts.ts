import type { BindMount, DataMount, MountSpec, VolumeMount } from './docker-spec.ts';
import { normalisePath } from './normalise-path.ts';
import type { Problem } from '../../base/problem.ts';
import { isProblem } from '../../base/problem.ts';
import { parseBytes } from '../../base/units.ts';
import type { Fields } from '../../base/values.ts';
import { asBoolean, asFields, asString, defined } from '../../base/values.ts';

const FORMS = 'such as data:/var/lib/data or /srv/media:/media:ro';

/** A mount as it is written: where data of a relative path lies is not known yet. */
export type WrittenMount = MountSpec | DataMount;

/** A mount in Compose's short form. The source of a volume is its name inside the stack. */
export function parseMount(text: string): WrittenMount | Problem {
  const parts = text.split(':');
  const [source = '', target, options, ...rest] = parts;
  if (target === undefined) {
    const inside = parseTarget(source);
    return isProblem(inside) ? inside : { type: 'anonymous', target: inside };
  }
  // `/data:ro` is an anonymous volume with an option.
  if (rest.length === 0 && options === undefined && /^(ro|rw)$/.test(target)) {
    const inside = parseTarget(source);
    if (!isProblem(inside)) return anonymous(inside, target === 'ro');
  }
  if (!source || rest.length > 0) return { problem: `"${text}" is not a mount`, hint: FORMS };
  const inside = parseTarget(target);
  if (isProblem(inside)) return inside;
  const mount = mountOf(source, inside, false);
  return isProblem(mount) ? mount : withOptions(mount, (options ?? 'rw').split(','), text);
}

function anonymous(target: string, readOnly: boolean): MountSpec {
  return { type: 'anonymous', target, ...(readOnly ? { readOnly } : {}) };
}

const PROPAGATION = /^r?(shared|slave|private)$/;

type SourcedMount = VolumeMount | BindMount | DataMount;

function withOptions(mount: SourcedMount, options: readonly string[], text: string): SourcedMount | Problem {
  let result: SourcedMount = mount;
  for (const option of options) {
    if (option === 'ro') result = { ...result, readOnly: true };
    else if (result.type === 'volume' && option === 'nocopy') result = { ...result, nocopy: true };
    else if (option === 'z' || option === 'Z') result = { ...result, selinux: option };
    else if (result.type !== 'volume' && PROPAGATION.test(option))
      result = { ...result, propagation: option };
    else if (!/^(rw|cached|delegated|consistent)$/.test(option)) {
      const kind = result.type === 'volume' ? 'volume' : 'bind';
      return {
        problem: `"${text}" is not a mount: "${option}" is no option of a ${kind}`,
        hint: FORMS,
      };
    }
  }
  return result;
}

/** A mount in Compose's long form, already checked against the schema. */
export function readMount(fields: Fields): WrittenMount | Problem | undefined {
  const target = parseTarget(asString(fields['target']) ?? '');
  const source = asString(fields['source']);
  const readOnly = asBoolean(fields['read_only']) ?? false;
  if (isProblem(target)) return target;
  switch (fields['type']) {
    case 'tmpfs': {
      const mount = readTmpfs(target, asFields(fields['tmpfs']) ?? {});
      return isProblem(mount) || !readOnly ? mount : { ...mount, readOnly };
    }
    case 'volume':
      if (source === undefined) {
        const nocopy = asFields(fields['volume'])?.['nocopy'] === true;
        return { ...anonymous(target, readOnly), ...(nocopy ? { nocopy } : {}) };
      }
      return readNamed(fields, source, target, readOnly);
    case 'bind':
      if (source === undefined) return { problem: 'needs a source', code: 'REQUIRED' };
      return readNamed(fields, source, target, readOnly);
    case 'image':
    case 'npipe':
    case 'cluster':
      return { problem: `mounts of type ${fields['type']} are not supported`, code: 'UNSUPPORTED_KEY' };
    default:
      return undefined;
  }
}

function readNamed(
  fields: Fields,
  source: string,
  target: string,
  readOnly: boolean,
): WrittenMount | Problem {
  const mount = mountOf(source, target, readOnly);
  if (isProblem(mount)) return mount;
  const isVolume = mount.type === 'volume';
  if (isVolume !== (fields['type'] === 'volume')) {
    const problem = isVolume ? `"${source}" is a volume, not a path` : `"${source}" is a path, not a volume`;
    return { problem, ...(isVolume ? { hint: `write ./${source}` } : {}), code: 'INVALID_VALUE' };
  }
  if (mount.type === 'volume') {
    const volume = asFields(fields['volume']) ?? {};
    const subpath = asString(volume['subpath']);
    if (subpath !== undefined && (subpath.startsWith('/') || normalisePath(subpath).startsWith('..'))) {
      return { problem: `"${subpath}" is not a path inside the volume`, code: 'INVALID_VALUE' };
    }
    const nocopy = asBoolean(volume['nocopy']) || undefined;
    return defined({ ...mount, nocopy, chown: asBoolean(volume['chown']) || undefined, subpath });
  }
  const bind = asFields(fields['bind']) ?? {};
  const plain =
    bind['create_host_path'] !== false && bind['recursive'] === undefined && !/:/.test(source + target);
  if (bind['selinux'] !== undefined && !plain) {
    return {
      problem: 'selinux is only for plain bind mounts',
      hint: 'take out create_host_path or recursive',
      code: 'INVALID_VALUE',
    };
  }
  return defined({
    ...mount,
    mustExist: bind['create_host_path'] === false || undefined,
    propagation: asString(bind['propagation']),
    selinux: ONE_OF_SELINUX.find((option) => option === bind['selinux']),
    recursive: ONE_OF_RECURSIVE.find((option) => option === bind['recursive']),
  });
}

const ONE_OF_SELINUX = ['z', 'Z'] as const;
const ONE_OF_RECURSIVE = ['disabled', 'writable', 'readonly'] as const;

/** `/run` or `/tmp:size=64m,mode=1777,uid=1000`: the engine is given the options as they are written, as Compose does. */
export function parseTmpfs(text: string): TmpfsMount | Problem {
  const [path = '', written = ''] = text.split(/:(.*)/s);
  const target = parseTarget(path);
  if (isProblem(target)) return target;
  const options = written.split(',').filter((part) => part !== '');
  for (const option of options) {
    const [name = '', value = ''] = option.split('=');
    const problem = name === 'size' || name === 'mode' ? readTmpfs(target, { [name]: value }) : undefined;
    if (isProblem(problem)) return problem;
    if (problem === undefined && !TMPFS_OPTION.test(option)) {
      return {
        problem: `"${option}" is not an option of tmpfs`,
        hint: 'size=64m, mode=1777, uid=1000 or noexec',
      };
    }
  }
  return { type: 'tmpfs', target, options };
}

const TMPFS_OPTION =
  /^(ro|rw|(no)?(exec|suid|dev|atime|diratime|relatime|strictatime)|a?sync|(uid|gid|nr_inodes|nr_blocks)=\d+[kmg]?)$/;

type TmpfsMount = Extract<MountSpec, { type: 'tmpfs' }>;

function readTmpfs(target: string, fields: Fields): TmpfsMount | Problem {
  const size = fields['size'];
  const sizeBytes = typeof size === 'string' || typeof size === 'number' ? parseBytes(size) : undefined;
  if (isProblem(sizeBytes)) return sizeBytes;
  const mode = asString(fields['mode']);
  if (mode !== undefined && !/^[0-7]{3,5}$/.test(mode)) return { problem: `"${mode}" is not a file mode` };
  return defined({
    type: 'tmpfs' as const,
    target,
    sizeBytes,
    mode: mode === undefined ? undefined : Number.parseInt(mode, 8),
  });
}

function mountOf(source: string, target: string, readOnly: boolean): SourcedMount | Problem {
  const flags = readOnly ? { readOnly } : {};
  if (source.startsWith('/')) return { type: 'bind', source: normalisePath(source), target, ...flags };
  if (isRelative(source)) return { type: 'data', source: normalisePath(source), target, ...flags };
  if (!source.includes('/')) return { type: 'volume', source, target, ...flags };
  return {
    problem: `"${source}" is neither the name of a volume nor a path`,
    hint: `write ./${source} for a directory beside this file`,
    code: 'INVALID_VALUE',
  };
}

/** Tells a path beside the description, or in somebody's home, from the name of a volume and from a path of the host. */
export function isRelative(source: string): boolean {
  return /^(\.{1,2}(\/|$)|\.[^/]|~)/.test(source);
}

function parseTarget(text: string): string | Problem {
  if (!text.startsWith('/'))
    return { problem: `"${text}" is not an absolute path in the container`, hint: FORMS };
  const path = normalisePath(text);
  return path === '/'
    ? { problem: 'the root of the container cannot be a mount', code: 'INVALID_VALUE' }
    : path;
}
