import { posix } from 'node:path';
import type { MountSpec } from './docker-spec.ts';
import type { Problem } from './issue.ts';
import { isProblem } from './issue.ts';
import { parseBytes } from './units.ts';
import type { Fields } from './values.ts';
import { asBoolean, asFields, asString, defined } from './values.ts';

const FORMS = 'such as data:/var/lib/data or /srv/media:/media:ro';

/** A mount in Compose's short form. The source of a volume is its name inside the stack. */
export function parseMount(text: string): MountSpec | Problem {
  const parts = text.split(':');
  const [source, target, mode, ...rest] = parts;
  if (target === undefined) {
    return { problem: `"${text}" is an anonymous volume`, hint: `give it a name: data:${text}` };
  }
  if (!source || rest.length > 0 || (mode !== undefined && mode !== 'ro' && mode !== 'rw')) {
    return { problem: `"${text}" is not a mount`, hint: FORMS };
  }
  const inside = parseTarget(target);
  if (isProblem(inside)) return inside;
  return mountOf(source, inside, mode === 'ro');
}

/** A mount in Compose's long form, already checked against the schema. */
export function readMount(fields: Fields): MountSpec | Problem | undefined {
  const target = parseTarget(asString(fields['target']) ?? '');
  const source = asString(fields['source']);
  const readOnly = asBoolean(fields['read_only']) ?? false;
  if (isProblem(target)) return target;
  switch (fields['type']) {
    case 'tmpfs':
      return readTmpfs(target, asFields(fields['tmpfs']) ?? {});
    case 'bind':
    case 'volume': {
      if (source === undefined) return { problem: 'needs a source', code: 'REQUIRED' };
      const mount = mountOf(source, target, readOnly);
      if (isProblem(mount) || mount.type === fields['type']) return mount;
      const problem =
        mount.type === 'bind' ? `"${source}" is a path, not a volume` : relative(source).problem;
      return { problem, code: 'INVALID_VALUE' };
    }
    default:
      return undefined;
  }
}

/** `/run` or `/tmp:size=64m,mode=1777`. */
export function parseTmpfs(text: string): MountSpec | Problem {
  const [path = '', options = ''] = text.split(/:(.*)/s);
  const target = parseTarget(path);
  if (isProblem(target)) return target;
  const fields: Record<string, string> = {};
  for (const option of options.split(',').filter((part) => part !== '')) {
    const [name, value] = option.split('=');
    if ((name !== 'size' && name !== 'mode') || !value) {
      return { problem: `"${option}" is not an option of tmpfs`, hint: 'size=64m or mode=1777' };
    }
    fields[name] = value;
  }
  return readTmpfs(target, fields);
}

function readTmpfs(target: string, fields: Fields): MountSpec | Problem {
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

function mountOf(source: string, target: string, readOnly: boolean): MountSpec | Problem {
  const flags = readOnly ? { readOnly } : {};
  if (source.startsWith('/')) return { type: 'bind', source: normalisePath(source), target, ...flags };
  if (/^[.~]/.test(source) || source.includes('/')) return relative(source);
  return { type: 'volume', source, target, ...flags };
}

/** Marks a bind mount of a relative path; whether it names something in the repository decides on the hint. */
export const RELATIVE_BIND = 'RELATIVE_BIND';

function relative(source: string): Problem {
  return {
    problem: `"${source}" is a path relative to nothing: there is no such directory on the node`,
    hint: 'use an absolute path of the node, a named volume, or files: for files of the repository',
    code: RELATIVE_BIND,
  };
}

function parseTarget(text: string): string | Problem {
  if (!text.startsWith('/'))
    return { problem: `"${text}" is not an absolute path in the container`, hint: FORMS };
  const path = normalisePath(text);
  return path === '/'
    ? { problem: 'the root of the container cannot be a mount', code: 'INVALID_VALUE' }
    : path;
}

/** Without `.`, `..`, doubled and trailing slashes. */
export function normalisePath(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
}
