import { posix } from 'node:path';
import { isProblem } from '../../../base/problem.ts';
import type { Fields } from '../../../base/values.ts';
import { asFields, defined, own } from '../../../base/values.ts';
import { isSensitiveName } from '../../../model/secret.ts';
import { joinPath } from '../../file-tree.ts';
import type { FileModel } from '../../kombination/kombination.ts';
import { readBind } from '../binds.ts';
import { child } from '../node.ts';
import type { Project } from '../project.ts';
import { readText } from '../project.ts';
import type { DraftNode, GraphBuilder } from './graph-builder.ts';
import { toObjectKey } from './object-names.ts';
import type { ReadService } from './read-services.ts';
import type { Remarks } from './remarks.ts';

/** Bytes that the files of one service may have together: a configmap holds a megabyte. */
const MAX_FILE_BYTES = 512 * 1_024;

interface Mount {
  readonly type: 'configmap' | 'secret' | 'persistentVolumeClaim';
  readonly name: string;
  readonly mountPath: string;
  readonly subPath?: string;
  readonly readOnly?: boolean;
}

/** Claims and secrets that several services share, by the name that the project has for them. */
export interface SharedNodes {
  readonly claims: Map<string, DraftNode>;
  readonly secrets: Map<string, DraftNode>;
}

interface Mounting {
  readonly graph: GraphBuilder;
  readonly project: Project;
  readonly shared: SharedNodes;
  /** Volumes at the top of the project. */
  readonly volumes: Fields;
  readonly workload: DraftNode;
  readonly remarks: Remarks;
}

/** Mounts of a service: named volumes become claims, files of the project configmaps, secrets secrets. */
export function addMounts(service: ReadService, mounting: Mounting): void {
  const mounts = [
    ...mountVolumes(service, mounting),
    ...mountSecrets(service, mounting),
    ...mountFiles(service, mounting),
  ];
  const { workload, remarks } = mounting;
  const paths = new Set<string>();
  const kept = mounts.filter(({ mountPath }) => {
    const isFirst = !paths.has(mountPath) && !mountPath.includes(':');
    if (!isFirst) remarks.warn(`services.${service.name}.volumes`, `${mountPath} cannot be mounted again`);
    paths.add(mountPath);
    return isFirst;
  });
  if (kept.length > 0) workload.data['volumeMounts'] = kept;
}

function mountVolumes({ name, fields }: ReadService, mounting: Mounting): readonly Mount[] {
  const { graph, workload, remarks, volumes } = mounting;
  const place = `services.${name}.volumes`;
  return fields.mounts.flatMap(({ mount }): readonly Mount[] => {
    const { target, type } = mount;
    if (type === 'tmpfs') remarks.warn(place, `the tmpfs at ${target} has no place in a workflow`);
    if (type === 'anonymous')
      remarks.warn(
        place,
        `the volume at ${target} has no name and is left out: give it one to keep its data`,
      );
    if (type === 'bind')
      remarks.warn(place, `${mount.source} is a path of one machine and is not mounted at ${target}`);
    if (type !== 'volume') return [];
    const external = own(volumes, mount.source);
    const isThere = asFields(external)?.['external'] === true;
    const said = defined({
      mountPath: target,
      subPath: mount.subpath,
      readOnly: mount.readOnly || undefined,
    });
    if (isThere) {
      remarks.warn(`volumes.${mount.source}`, 'is external: a claim of this name has to be in the cluster');
      return [{ type: 'persistentVolumeClaim', name: graph.nameOf(mount.source), ...said }];
    }
    const claim = claimOf(mount.source, mounting);
    graph.connect(claim, workload);
    return [{ type: 'persistentVolumeClaim', name: claim.name, ...said }];
  });
}

function claimOf(source: string, { graph, shared, volumes, remarks }: Mounting): DraftNode {
  const known = shared.claims.get(source);
  const place = `volumes.${source}`;
  if (known !== undefined) {
    remarks.warn(
      place,
      'is mounted by several: choose ReadWriteMany where their pods are on different nodes',
    );
    return known;
  }
  const data = { storage: '10Gi', accessModes: ['ReadWriteOnce'] };
  const claim = graph.add('persistentvolumeclaim', source, data);
  shared.claims.set(source, claim);
  for (const key of Object.keys(asFields(own(volumes, source)) ?? {}))
    if (key !== 'external' && !key.startsWith('x-'))
      remarks.warn(`${place}.${key}`, 'has no place in a workflow: choose a storage class');
  return claim;
}

function mountSecrets({ name, fields }: ReadService, mounting: Mounting): readonly Mount[] {
  const { graph, shared, workload, remarks } = mounting;
  return fields.secrets.map(({ source, target }): Mount => {
    const key = toObjectKey(source);
    const node = shared.secrets.get(source) ?? graph.add('secret', source, { keys: [{ name: key }] });
    shared.secrets.set(source, node);
    graph.connect(node, workload);
    remarks.warn(`services.${name}.secrets.${source}`, 'its value is not taken over: give it with the run');
    return { type: 'secret', name: node.name, mountPath: target, subPath: key, readOnly: true };
  });
}

interface FoundFile {
  readonly text: string;
  readonly target: string;
}

/** Files that the project has, or whose text it says. */
function mountFiles(service: ReadService, mounting: Mounting): readonly Mount[] {
  const { graph, workload, remarks } = mounting;
  const found = [...filesOf(service, mounting), ...bindsOf(service, mounting)];
  const data = new Map<string, string>();
  let bytes = 0;
  const mounts = found.flatMap(({ text, target }): readonly Omit<Mount, 'name'>[] => {
    bytes += Buffer.byteLength(text);
    if (bytes > MAX_FILE_BYTES) {
      remarks.warn(
        `services.${service.name}.volumes`,
        `the file for ${target} is left out: there is no room for it`,
      );
      return [];
    }
    const key = freeKey(data, posix.basename(target));
    data.set(key, text);
    return [{ type: 'configmap', mountPath: target, subPath: key, readOnly: true }];
  });
  if (data.size === 0) return [];
  const node = graph.add('configmap', `${workload.name}-files`, { data: Object.fromEntries(data) });
  graph.connect(node, workload);
  return mounts.map((mount) => ({ ...mount, name: node.name }));
}

function freeKey(taken: ReadonlyMap<string, string>, name: string): string {
  const base = toObjectKey(name);
  for (let at = 1; ; at += 1) {
    const key = at === 1 ? base : `${at}-${base}`;
    if (!taken.has(key)) return key;
  }
}

function filesOf({ name, fields }: ReadService, { project, remarks }: Mounting): readonly FoundFile[] {
  return fields.files.flatMap((file: FileModel): readonly FoundFile[] => {
    const { target, source, content } = file;
    const place = `services.${name}.configs`;
    if (content !== undefined) {
      if (!content.includes('${secret:')) return [{ text: content, target }];
      remarks.warn(place, `the file ${target} is left out: it holds a secret`);
      return [];
    }
    const path = joinPath(project.directory, source ?? '');
    const text = textAt(project, path);
    if (text !== undefined) return [{ text, target }];
    remarks.warn(place, `the file ${source ?? ''} for ${target} is not at hand and is left out`);
    return [];
  });
}

/** Bind mounts of relative paths. A single file of the project is content; a directory may hold anything. */
function bindsOf({ name, node }: ReadService, { project, remarks }: Mounting): readonly FoundFile[] {
  const volumes = child(node, 'volumes');
  return (volumes?.kind === 'list' ? volumes.items : []).flatMap((item): readonly FoundFile[] => {
    const bind = readBind(item, node);
    if (bind === undefined) return [];
    const { source, target } = bind;
    const path = source.startsWith('~') ? null : joinPath(item.origin.file.base, source);
    const text = looksSecret(source) ? undefined : textAt(project, path);
    if (text !== undefined) return [{ text, target }];
    remarks.warn(
      `services.${name}.volumes`,
      `${source} is a path beside the Compose file and is not mounted at ${target}`,
    );
    return [];
  });
}

/** A file that is called so is not written into a repository. */
function looksSecret(path: string): boolean {
  return isSensitiveName(path) || /\.(env|pem|key|p12|pfx|jks)$|(^|\/)(\.env|id_[a-z0-9]+)/i.test(path);
}

/** `undefined` for what is no text of the project. */
function textAt(project: Project, path: string | null): string | undefined {
  const text = path === null ? undefined : readText(project, path);
  return text === undefined || isProblem(text) || text.includes('\0') ? undefined : text;
}
