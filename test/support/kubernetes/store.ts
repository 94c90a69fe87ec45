import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Members } from './field-set.ts';
import { isMembers, merge, textOf } from './field-set.ts';
import type { ServedKind } from './kinds.ts';
import { apiVersionOf, builtInKinds, definedKinds, resourceName } from './kinds.ts';
import type { Manager, Owned } from './managers.ts';
import { applyFields, readManagers, renderManagers, updateFields } from './managers.ts';
import type { Cause } from './refusal.ts';
import { Refusal } from './refusal.ts';
import { checkImmutable, checkLimits, withAllocated, withDefaultClass, withDefaults } from './rules.ts';
import { checkBody, checkTyped, checkValid } from './validation.ts';

export interface Place {
  readonly kind: ServedKind;
  readonly namespace: string | undefined;
  readonly name: string;
}

export interface WatchEvent {
  readonly version: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly kind: ServedKind;
  readonly object: Members;
}

interface Stored {
  readonly kind: ServedKind;
  object: Members;
  managers: readonly Manager[];
}

export interface Write {
  readonly manager: string;
  readonly dryRun: boolean;
}

/** The state of the double: objects, versions, and events since a version. */
export interface ApiStore {
  readonly kinds: ServedKind[];
  version(): number;
  get(place: Place): Members;
  list(kind: ServedKind, namespace: string | undefined): Members[];
  apply(
    place: Place,
    config: Members,
    by: Write & { readonly force: boolean },
  ): { object: Members; created: boolean };
  /** A POST, or a change by merge of what is given. `create` refuses what is there. */
  write(
    place: Place,
    next: Members,
    by: Write & { readonly how: 'create' | 'replace' | 'merge'; readonly subresource?: string },
  ): Members;
  remove(place: Place, options: { readonly uid?: string; readonly dryRun: boolean }): Members;
  /** Events after a version; `null` when they are not known any more. */
  since(version: number): readonly WatchEvent[] | null;
  onEvent(listener: (event: WatchEvent) => void): () => void;
  /** Forgets all events so far. */
  compact(): void;
}

/** Time that a namespace takes to go. */
const TERMINATION_MS = 100;

export function createApiStore(): ApiStore {
  const objects = new Map<string, Stored>();
  const kinds = builtInKinds();
  const listeners = new Set<(event: WatchEvent) => void>();
  let events: WatchEvent[] = [];
  let version = 100;
  let oldest = version;

  const keyOf = ({ kind, namespace, name }: Place): string =>
    `${resourceName(kind)}/${kind.namespaced ? (namespace ?? '') : ''}/${name}`;
  const metadataOf = (object: Members): Members => (isMembers(object['metadata']) ? object['metadata'] : {});

  function need(place: Place): Stored {
    const found = objects.get(keyOf(place));
    if (found) return found;
    throw new Refusal(404, 'NotFound', `${resourceName(place.kind)} "${place.name}" not found`);
  }
  function emit(type: WatchEvent['type'], { kind, object }: Stored): void {
    const event = { version, type, kind, object };
    events.push(event);
    for (const listener of listeners) listener(event);
  }
  function list(kind: ServedKind, namespace: string | undefined): Stored[] {
    const prefix = `${resourceName(kind)}/${namespace === undefined ? '' : `${namespace}/`}`;
    return [...objects].filter(([key]) => key.startsWith(prefix)).map(([, stored]) => stored);
  }
  function kindNamed(kind: string): ServedKind | undefined {
    return kinds.find((one) => one.kind === kind);
  }

  function classes(): readonly Members[] {
    const kind = kindNamed('StorageClass');
    return kind ? list(kind, undefined).map(({ object }) => object) : [];
  }

  /** Checks, defaults and stores what a write has come to. */
  function commit(place: Place, owned: Owned, dryRun: boolean): Members {
    const { kind, namespace, name } = place;
    const before = objects.get(keyOf(place));
    if (kind.namespaced) checkNamespace(namespace ?? '', place);
    const classed = before ? owned.object : withDefaultClass(owned.object, kind, classes());
    const isService = kind.kind === 'Service';
    const peers = isService ? list(kind, undefined).filter((one) => one !== before) : [];
    const others = peers.map(({ object }) => object);
    const allocated = isService ? withAllocated(classed, before?.object, others) : classed;
    const defaulted = withDefaults(allocated, kind, version);
    checkValid(defaulted, kind, others);
    if (before) checkImmutable(before.object, defaulted, kind);
    else checkCreation(place, defaulted);
    const old = before ? metadataOf(before.object) : {};
    const changed = !before || !isDeepStrictEqual(content(before.object), content(defaulted));
    const respecified = before && !isDeepStrictEqual(before.object['spec'], defaulted['spec']);
    const same = before && !changed && isDeepStrictEqual(before.managers.map(bare), owned.managers.map(bare));
    if (same) return before.object;
    const object: Members = {
      ...defaulted,
      apiVersion: apiVersionOf(kind),
      kind: kind.kind,
      metadata: {
        ...metadataOf(defaulted),
        name,
        ...(kind.namespaced ? { namespace: namespace ?? '' } : {}),
        uid: old['uid'] ?? randomUUID(),
        creationTimestamp: old['creationTimestamp'] ?? new Date().toISOString(),
        resourceVersion: dryRun ? textOf(old['resourceVersion'] ?? '') : String(++version),
        ...('spec' in defaulted
          ? { generation: Number(old['generation'] ?? 0) + (!before || respecified ? 1 : 0) }
          : {}),
        managedFields: renderManagers(owned.managers, apiVersionOf(kind)),
      },
    };
    if (dryRun) return object;
    const stored = { kind, object, managers: owned.managers };
    const held = metadataOf(object)['finalizers'];
    if (old['deletionTimestamp'] !== undefined && !(Array.isArray(held) && held.length > 0)) {
      objects.delete(keyOf(place));
      emit('DELETED', stored);
      return object;
    }
    objects.set(keyOf(place), stored);
    emit(before ? 'MODIFIED' : 'ADDED', stored);
    if (kind.kind === 'CustomResourceDefinition') establish(place, stored);
    return stored.object;
  }

  function checkNamespace(namespace: string, place: Place): void {
    const kind = kindNamed('Namespace');
    const found = kind && objects.get(keyOf({ kind, namespace: undefined, name: namespace }));
    if (!found) throw new Refusal(404, 'NotFound', `namespaces "${namespace}" not found`);
    if (metadataOf(found.object)['deletionTimestamp'] === undefined || objects.has(keyOf(place))) return;
    const message = `unable to create new content in namespace ${namespace} because it is being terminated`;
    throw new Refusal(
      403,
      'Forbidden',
      `${resourceName(place.kind)} "${place.name}" is forbidden: ${message}`,
      [
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${namespace} is being terminated`,
          field: 'metadata.namespace',
        },
      ],
    );
  }

  function checkCreation({ kind, namespace, name }: Place, object: Members): void {
    const of = (other: string) => {
      const found = kindNamed(other);
      return found ? list(found, namespace).map((stored) => stored.object) : [];
    };
    const account = isMembers(object['spec']) ? object['spec']['serviceAccountName'] : undefined;
    const isThere = of('ServiceAccount').some((one) => metadataOf(one)['name'] === account);
    if (kind.kind === 'Pod' && typeof account === 'string' && account !== 'default' && !isThere) {
      const why = `error looking up service account ${namespace}/${account}: serviceaccount "${account}" not found`;
      throw new Refusal(403, 'Forbidden', `pods "${name}" is forbidden: ${why}`);
    }
    const used = list(kind, namespace).length;
    checkLimits(object, kind, { quotas: of('ResourceQuota'), ranges: of('LimitRange'), used });
  }

  function drop(place: Place, stored: Stored): void {
    objects.delete(keyOf(place));
    version++;
    const metadata = { ...metadataOf(stored.object), resourceVersion: String(version) };
    emit('DELETED', { ...stored, object: { ...stored.object, metadata } });
  }

  /** Removes the kinds of a definition, and all objects of them. */
  function undefine({ object }: Stored): void {
    for (const { group, kind } of definedKinds(object)) {
      for (const one of objects.values()) {
        const { namespace, name } = metadataOf(one.object);
        if (one.kind.group !== group || one.kind.kind !== kind) continue;
        drop({ kind: one.kind, namespace: textOf(namespace ?? ''), name: textOf(name) }, one);
      }
      const left = kinds.filter((one) => one.group !== group || one.kind !== kind);
      kinds.splice(0, kinds.length, ...left);
    }
  }

  /** Its content goes first; until then it is said to be terminating. */
  function terminate(place: Place, stored: Stored): Members {
    const metadata = metadataOf(stored.object);
    if (metadata['deletionTimestamp'] !== undefined) return stored.object;
    stored.object = {
      ...stored.object,
      metadata: {
        ...metadata,
        deletionTimestamp: new Date().toISOString(),
        resourceVersion: String(++version),
      },
      status: { phase: 'Terminating' },
    };
    emit('MODIFIED', stored);
    setTimeout(() => finish(place, stored), TERMINATION_MS).unref();
    return stored.object;
  }

  /** Drops what nobody holds; the namespace stays until everything is let go. */
  function finish(place: Place, stored: Stored): void {
    let isHeld = false;
    for (const one of objects.values()) {
      const { namespace, name, finalizers } = metadataOf(one.object);
      if (namespace !== place.name) continue;
      if (Array.isArray(finalizers) && finalizers.length > 0) isHeld = true;
      else drop({ kind: one.kind, namespace: place.name, name: textOf(name) }, one);
    }
    if (isHeld) setTimeout(() => finish(place, stored), TERMINATION_MS).unref();
    else drop(place, stored);
  }

  /** A definition is served from now on, and says so. */
  function establish(place: Place, stored: Stored): void {
    const fresh = definedKinds(stored.object).filter(
      (kind) =>
        !kinds.some(
          (one) => one.group === kind.group && one.version === kind.version && one.kind === kind.kind,
        ),
    );
    if (fresh.length === 0) return;
    kinds.push(...fresh);
    const condition = (type: string) => ({
      type,
      status: 'True',
      reason: 'InitialNamesAccepted',
      message: '',
    });
    const status = { conditions: [condition('NamesAccepted'), condition('Established')] };
    const by = { manager: 'kube-apiserver', dryRun: false, how: 'merge' as const, subresource: 'status' };
    write(place, { status }, by);
  }

  function write(
    place: Place,
    next: Members,
    by: Write & { readonly how: 'create' | 'replace' | 'merge'; readonly subresource?: string },
  ): Members {
    const before = objects.get(keyOf(place));
    if (by.how === 'create' && before) {
      throw new Refusal(409, 'AlreadyExists', `${resourceName(place.kind)} "${place.name}" already exists`);
    }
    const live = by.how === 'create' ? undefined : need(place);
    const seen = by.how === 'create' ? undefined : metadataOf(next)['resourceVersion'];
    if (live && seen !== undefined && seen !== metadataOf(live.object)['resourceVersion']) {
      const message =
        'the object has been modified; please apply your changes to the latest version and try again';
      const what = `${resourceName(place.kind)} "${place.name}"`;
      throw new Refusal(409, 'Conflict', `Operation cannot be fulfilled on ${what}: ${message}`);
    }
    const object = by.how === 'merge' && live ? mergePatch(live.object, next) : next;
    const time = new Date().toISOString();
    const { manager, subresource = '' } = by;
    const given = live && readManagers(metadataOf(next)['managedFields']);
    const owned = live && given ? { ...live, managers: given } : live;
    return commit(place, updateFields(owned, object, { manager, subresource, time }), by.dryRun);
  }

  return {
    kinds,
    version: () => version,
    get: (place) => need(place).object,
    list: (kind, namespace) => list(kind, namespace).map(({ object }) => object),
    apply(place, config, { manager, force, dryRun }) {
      checkBody(config, place.kind);
      checkTyped(config, place.kind);
      const live = objects.get(keyOf(place));
      const outcome = applyFields(live, config, { manager, force, time: new Date().toISOString() });
      if ('conflicts' in outcome) {
        const causes = outcome.conflicts.map((one) => ({
          reason: 'FieldManagerConflict',
          message: `conflict with "${one.manager}" using ${apiVersionOf(place.kind)}`,
          field: one.field,
        }));
        throw new Refusal(409, 'Conflict', describeConflicts(causes), causes);
      }
      return { object: commit(place, outcome, dryRun), created: !live };
    },
    write,
    remove(place, { uid, dryRun }) {
      const stored = need(place);
      const metadata = metadataOf(stored.object);
      if (uid !== undefined && uid !== metadata['uid']) {
        const message = `the UID in the precondition (${uid}) does not match the UID in record (${textOf(metadata['uid'])}). The object might have been deleted and then recreated`;
        throw new Refusal(
          409,
          'Conflict',
          `Operation cannot be fulfilled on ${place.kind.kind} "${place.name}": ${message}`,
        );
      }
      if (dryRun) return stored.object;
      const finalizers = metadata['finalizers'];
      if (Array.isArray(finalizers) && finalizers.length > 0) {
        const deletionTimestamp = metadata['deletionTimestamp'] ?? new Date().toISOString();
        stored.object = {
          ...stored.object,
          metadata: { ...metadata, deletionTimestamp, resourceVersion: String(++version) },
        };
        emit('MODIFIED', stored);
        return stored.object;
      }
      if (place.kind.kind === 'Namespace') return terminate(place, stored);
      if (place.kind.kind === 'CustomResourceDefinition') undefine(stored);
      drop(place, stored);
      return stored.object;
    },
    since: (from) => (from < oldest ? null : events.filter((event) => event.version > from)),
    onEvent(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    compact() {
      events = [];
      oldest = ++version;
    },
  };
}

function describeConflicts(causes: readonly Cause[]): string {
  if (causes.length === 1) return `Apply failed with 1 conflict: ${causes[0]?.message}: ${causes[0]?.field}`;
  const by = new Map<string, string[]>();
  for (const { message, field } of causes) by.set(message, [...(by.get(message) ?? []), `- ${field}`]);
  const groups = [...by].map(
    ([message, fields]) => `${message.replace('conflict', 'conflicts')}:\n${fields.join('\n')}`,
  );
  return `Apply failed with ${causes.length} conflicts: ${groups.join('\n')}`;
}

function bare({ time: _time, ...manager }: Manager): object {
  return manager;
}

function content({ metadata, ...body }: Members): Members {
  const { labels, annotations, finalizers } = isMembers(metadata) ? metadata : {};
  return {
    ...body,
    labels: labels ?? null,
    annotations: annotations ?? null,
    finalizers: finalizers ?? null,
  };
}

/** RFC 7386. A map that loses its last key goes, as it does when a server writes the object down. */
function mergePatch(live: Members, patch: Members): Members {
  const result = { ...live };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else {
      const old = result[key];
      const both = isMembers(value) && isMembers(old);
      const merged = both ? mergePatch(old, value) : merge(undefined, value);
      if (both && isMembers(merged) && Object.keys(merged).length === 0) delete result[key];
      else result[key] = merged;
    }
  }
  return result;
}
