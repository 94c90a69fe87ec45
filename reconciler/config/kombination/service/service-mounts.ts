import type { DocumentPath } from '../../../base/document-path.ts';
import type { DiagnosticCollector } from '../../../base/document-diagnostic.ts';
import { accept } from '../../../base/document-diagnostic.ts';
import type { DataEntry, MountEntry } from '../kombination.ts';
import { parseMount, parseTmpfs, readMount } from '../../../model/docker/mounts.ts';
import type { Fields } from '../../../base/values.ts';
import { asFields, asList } from '../../../base/values.ts';

interface Mounts {
  readonly mounts: readonly MountEntry[];
  readonly dataMounts: readonly DataEntry[];
}

/** `volumes` and `tmpfs` together; those whose place is to be decided apart. */
export function readMounts(service: Fields, path: DocumentPath, diagnostics: DiagnosticCollector): Mounts {
  const mounts: MountEntry[] = [];
  const dataMounts: DataEntry[] = [];
  for (const [index, item] of (asList(service['volumes']) ?? []).entries()) {
    const place = [...path, 'volumes', index];
    const fields = asFields(item);
    const mount = fields ? readMount(fields) : typeof item === 'string' ? parseMount(item) : undefined;
    const accepted = accept(mount, place, diagnostics);
    if (accepted?.type === 'data') dataMounts.push({ mount: accepted, path: place });
    else if (accepted) mounts.push({ mount: accepted, path: place });
    if (accepted?.type === 'anonymous' && !accepted.nocopy)
      warnOfAnonymous(accepted.target, place, diagnostics);
  }
  const tmpfs = service['tmpfs'];
  for (const [index, item] of (asList(tmpfs) ?? (tmpfs === undefined ? [] : [tmpfs])).entries()) {
    const place = [...path, 'tmpfs', ...(Array.isArray(tmpfs) ? [index] : [])];
    const mount = typeof item === 'string' ? accept(parseTmpfs(item), place, diagnostics) : undefined;
    if (mount) mounts.push({ mount, path: place });
  }
  rejectSharedTargets([...mounts, ...dataMounts], diagnostics);
  return { mounts, dataMounts };
}

function warnOfAnonymous(target: string, path: DocumentPath, diagnostics: DiagnosticCollector): void {
  const message = `what is kept in ${target} is lost whenever the container is made anew: its volume has no name`;
  diagnostics.warning('ANONYMOUS_VOLUME', path, message, { hint: `give it a name: data:${target}` });
}

function rejectSharedTargets(
  mounts: readonly (MountEntry | DataEntry)[],
  diagnostics: DiagnosticCollector,
): void {
  const targets = new Set<string>();
  for (const { mount, path } of mounts) {
    if (targets.has(mount.target))
      diagnostics.error('INVALID_VALUE', path, `${mount.target} is mounted twice`);
    targets.add(mount.target);
  }
}
