import { claimName } from '../../model/kubernetes/cluster-names.ts';
import type { FilePlace, MountSpec } from '../../model/docker/docker-spec.ts';
import { isProblem } from '../../base/problem.ts';
import type { Secret, Spec, SpecValue } from '../../model/secret.ts';
import { parseBytes } from '../../base/units.ts';
import type { Blueprint, BlueprintService } from '../generate/blueprint.ts';
import { defined, own } from '../../base/values.ts';
import type { PodContext } from './pod-context.ts';
import { amountOf } from './amounts.ts';

/** Place where something is mounted, and what. */
export interface PodMount {
  readonly mount: Spec;
  readonly volume: Spec & { readonly name: string };
}

/** Everything that is mounted into the container of a service. */
export function mountsOf(service: BlueprintService, context: PodContext): readonly PodMount[] {
  return [...volumesOf(service, context), ...filesOf(service, context), ...memoryOf(service)];
}

/** Volumes of a pod, each once. */
export function volumeList(mounts: readonly PodMount[]): readonly SpecValue[] {
  const volumes = new Map<string, Spec>();
  const items = new Map<string, SpecValue[]>();
  for (const { volume } of mounts) {
    const { name } = volume;
    volumes.set(name, volume);
    items.set(name, [...(items.get(name) ?? []), ...itemsOf(volume)]);
  }
  return [...volumes].map(([name, volume]) => withItems(volume, items.get(name) ?? []));
}

const WITH_ITEMS = ['configMap', 'secret'];

function itemsOf(volume: Spec): readonly SpecValue[] {
  for (const key of WITH_ITEMS) {
    const source = own(volume, key);
    if (typeof source !== 'object' || source === null || !('items' in source)) continue;
    const { items } = source;
    return Array.isArray(items) ? items : [];
  }
  return [];
}

/** Files come one by one, and share a volume. */
function withItems(volume: Spec, items: readonly SpecValue[]): Spec {
  if (items.length === 0) return volume;
  const entries = Object.entries(volume).map(([key, source]) =>
    WITH_ITEMS.includes(key) ? [key, { ...(source as Spec), items }] : [key, source],
  );
  return Object.fromEntries(entries) as Spec;
}

function volumesOf({ spec, target }: BlueprintService, { blueprint }: PodContext): readonly PodMount[] {
  return (spec.mounts ?? []).map((mount, index): PodMount => {
    const name = `mount-${index + 1}`;
    const readOnly = mount.readOnly === true ? { readOnly: true } : {};
    const at: Spec = { name, mountPath: mount.target, ...readOnly };
    const subPath = mount.type === 'volume' && mount.subpath !== undefined ? { subPath: mount.subpath } : {};
    return { mount: { ...at, ...subPath }, volume: { name, ...sourceOf(mount, { blueprint, target }) } };
  });
}

interface Place {
  readonly blueprint: Blueprint;
  readonly target: string;
}

function sourceOf(mount: MountSpec, { blueprint, target }: Place): Spec {
  switch (mount.type) {
    case 'volume':
      return { persistentVolumeClaim: { claimName: claimOf(mount.source, { blueprint, target }) } };
    case 'bind':
      return { hostPath: { path: mount.source } };
    case 'anonymous':
      return { emptyDir: {} };
    case 'tmpfs': {
      const bytes = mount.sizeBytes ?? sizeIn(mount.options ?? []);
      const sizeLimit = bytes === undefined ? undefined : amountOf(bytes);
      return { emptyDir: defined({ medium: 'Memory', sizeLimit }) };
    }
    default:
      return mount satisfies never;
  }
}

/** Returns the claim of a volume: what an engine calls `shop_data` is the claim `shop-data`. */
function claimOf(source: string, { blueprint, target }: Place): string {
  const found = blueprint.volumes.find((part) => part.target === target && part.spec.name === source);
  return found ? claimOfVolume(blueprint, found) : claimName(blueprint.stack, { name: source });
}

export function claimOfVolume(
  { stack, called }: Blueprint,
  { name, spec }: Blueprint['volumes'][number],
): string {
  const given = called(name) ?? (spec.external === true ? spec.name : undefined);
  return claimName(stack, { name, ...(given === undefined ? {} : { called: given }) });
}

/** `size=64m` */
function sizeIn(options: readonly string[]): number | undefined {
  const size = options.find((option) => option.startsWith('size='))?.slice('size='.length);
  const bytes = size === undefined ? undefined : parseBytes(size);
  return isProblem(bytes) ? undefined : bytes;
}

/** Mounts shared memory where it is more than what a pod has anyway. */
function memoryOf({ spec: { shmSize } }: BlueprintService): readonly PodMount[] {
  if (shmSize === undefined) return [];
  const emptyDir = { medium: 'Memory', sizeLimit: amountOf(shmSize) };
  return [{ mount: { name: 'shm', mountPath: '/dev/shm' }, volume: { name: 'shm', emptyDir } }];
}

/** Files of the repository from the ConfigMap; secret ones from the Secret. */
function filesOf(service: BlueprintService, context: PodContext): readonly PodMount[] {
  const { spec, name } = service;
  const plain = (spec.files ?? []).map((file, index): PodMount => {
    const key = fileKey(index);
    if ('content' in file) return secretMount(file.content, { place: file, service, context });
    const items = [{ key, path: key, mode: file.mode & 0o777 }];
    return {
      mount: { name: 'files', mountPath: file.target, subPath: key, readOnly: true },
      volume: { name: 'files', configMap: { name: context.configName, items } },
    };
  });
  const secret = (spec.secrets ?? []).map((file) =>
    secretMount(file.content, { place: file, service, context }),
  );
  if ([...(spec.files ?? []), ...(spec.secrets ?? [])].some(({ uid }) => uid !== undefined))
    context.notes.push(`${name}: owners of files are not kept`);
  return [...plain, ...secret];
}

/** The key in a service's ConfigMap of its n-th file, from 0. */
export function fileKey(index: number): string {
  return `file-${index + 1}`;
}

interface SecretPlace {
  readonly place: FilePlace;
  readonly service: BlueprintService;
  readonly context: PodContext;
}

function secretMount(content: Secret, { place, service, context }: SecretPlace): PodMount {
  const { book, notes, keys } = context;
  const pieces = book.pieces(content);
  const [only] = pieces;
  const variable = pieces.length === 1 && only && 'variable' in only ? only.variable : undefined;
  const wanted = `${service.name}${place.target.replaceAll('/', '.')}`;
  const key = variable === undefined ? book.textKey(wanted, content) : book.keyOf(variable);
  if (key === undefined)
    notes.push(`${service.name}: put the text of ${place.target}, with its secrets, into the Secret`);
  const inside = key ?? wanted.replace(/[^-._a-zA-Z0-9]/g, '_');
  keys.add(inside);
  const items = [{ key: inside, path: inside, mode: place.mode & 0o777 }];
  return {
    mount: { name: 'secrets', mountPath: place.target, subPath: inside, readOnly: true },
    volume: { name: 'secrets', secret: { secretName: book.name, items } },
  };
}
