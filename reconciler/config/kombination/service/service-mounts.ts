import type { DocumentPath } from '../../../base/document-path.ts';
import type { Issues } from '../../../base/issue.ts';
import { accept, isProblem } from '../../../base/issue.ts';
import type { MountEntry, ServiceFields } from '../kombination.ts';
import { parseMount, parseTmpfs, readMount, RELATIVE_BIND } from '../../../model/docker/mounts.ts';
import type { Fields } from '../../../base/values.ts';
import { asFields, asList, asString } from '../../../base/values.ts';

type Mounts = Pick<ServiceFields, 'relativeBinds'> & { readonly mounts: MountEntry[] };

/** `volumes` and `tmpfs` together. */
export function readMounts(service: Fields, path: DocumentPath, issues: Issues): Mounts {
  const mounts: MountEntry[] = [];
  const relativeBinds: { source: string; path: DocumentPath }[] = [];
  for (const [index, item] of (asList(service['volumes']) ?? []).entries()) {
    const place = [...path, 'volumes', index];
    const fields = asFields(item);
    const mount = fields ? readMount(fields) : typeof item === 'string' ? parseMount(item) : undefined;
    if (isProblem(mount) && mount.code === RELATIVE_BIND) {
      const source = fields ? asString(fields['source']) : asString(item)?.split(':')[0];
      relativeBinds.push({ source: source ?? '', path: place });
      continue;
    }
    const accepted = accept(mount, place, issues);
    if (accepted) mounts.push({ mount: accepted, path: place });
    if (accepted?.type === 'anonymous' && !accepted.nocopy) warnOfAnonymous(accepted.target, place, issues);
  }
  const tmpfs = service['tmpfs'];
  for (const [index, item] of (asList(tmpfs) ?? (tmpfs === undefined ? [] : [tmpfs])).entries()) {
    const place = [...path, 'tmpfs', ...(Array.isArray(tmpfs) ? [index] : [])];
    const mount = typeof item === 'string' ? accept(parseTmpfs(item), place, issues) : undefined;
    if (mount) mounts.push({ mount, path: place });
  }
  rejectSharedTargets(mounts, issues);
  return { mounts, relativeBinds };
}

function warnOfAnonymous(target: string, path: DocumentPath, issues: Issues): void {
  const message = `what is kept in ${target} is lost whenever the container is made anew: its volume has no name`;
  issues.warning('ANONYMOUS_VOLUME', path, message, { hint: `give it a name: data:${target}` });
}

function rejectSharedTargets(mounts: readonly MountEntry[], issues: Issues): void {
  const targets = new Set<string>();
  for (const { mount, path } of mounts) {
    if (targets.has(mount.target)) issues.error('INVALID_VALUE', path, `${mount.target} is mounted twice`);
    targets.add(mount.target);
  }
}
