import type { DocumentPath } from '../../../base/document-path.ts';
import type { DiagnosticCollector } from '../../../base/document-diagnostic.ts';
import { accept } from '../../../base/document-diagnostic.ts';
import { isProblem } from '../../../base/problem.ts';
import type { MountEntry, ServiceFields } from '../kombination.ts';
import { parseMount, parseTmpfs, readMount, RELATIVE_BIND } from '../../../model/docker/mounts.ts';
import type { Fields } from '../../../base/values.ts';
import { asFields, asList, asString } from '../../../base/values.ts';

type Mounts = Pick<ServiceFields, 'relativeBinds'> & { readonly mounts: MountEntry[] };

/** `volumes` and `tmpfs` together. */
export function readMounts(service: Fields, path: DocumentPath, diagnostics: DiagnosticCollector): Mounts {
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
    const accepted = accept(mount, place, diagnostics);
    if (accepted) mounts.push({ mount: accepted, path: place });
    if (accepted?.type === 'anonymous' && !accepted.nocopy)
      warnOfAnonymous(accepted.target, place, diagnostics);
  }
  const tmpfs = service['tmpfs'];
  for (const [index, item] of (asList(tmpfs) ?? (tmpfs === undefined ? [] : [tmpfs])).entries()) {
    const place = [...path, 'tmpfs', ...(Array.isArray(tmpfs) ? [index] : [])];
    const mount = typeof item === 'string' ? accept(parseTmpfs(item), place, diagnostics) : undefined;
    if (mount) mounts.push({ mount, path: place });
  }
  rejectSharedTargets(mounts, diagnostics);
  return { mounts, relativeBinds };
}

function warnOfAnonymous(target: string, path: DocumentPath, diagnostics: DiagnosticCollector): void {
  const message = `what is kept in ${target} is lost whenever the container is made anew: its volume has no name`;
  diagnostics.warning('ANONYMOUS_VOLUME', path, message, { hint: `give it a name: data:${target}` });
}

function rejectSharedTargets(mounts: readonly MountEntry[], diagnostics: DiagnosticCollector): void {
  const targets = new Set<string>();
  for (const { mount, path } of mounts) {
    if (targets.has(mount.target))
      diagnostics.error('INVALID_VALUE', path, `${mount.target} is mounted twice`);
    targets.add(mount.target);
  }
}
