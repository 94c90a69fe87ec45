import { errorMessage, ReconcilerError } from '../../base/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ConnectionLog } from '../../ports/connection-log.ts';
import type { DesiredState } from '../../ports/desired.ts';
import type { Logger } from '../../ports/logger.ts';
import { registryOf } from '../../model/registry.ts';
import type { RegistryEntry } from '../../model/registry-entry.ts';
import { defaultUrlOf, registryId, registryTypeOf } from '../../model/registry-entry.ts';
import { normaliseHost } from '../../model/registry.ts';
import type {
  NewRegistry,
  RegistryOperations,
  RegistryUpdate,
  RegistryView,
} from '../../public/registries.ts';
import type { WriteBy } from '../write/repository-writer.ts';
import type { CheckParts } from '../registries/check-registry.ts';
import { checkRegistry, registrySubject } from '../registries/check-registry.ts';
import { pullLoginOf, readRegistryCredentials } from '../registries/credentials.ts';
import { addEntry, chooseEntry, removeEntry, updateEntry } from '../registries/edit-entries.ts';
import type { KeptRegistry } from '../registries/kept-registries.ts';
import { toRegistryView } from '../registries/registry-view.ts';
import type { OperationParts } from './parts.ts';

export interface RegistryParts {
  readonly context: {
    readonly desired: Pick<DesiredState, 'settings'>;
    readonly store: ConnectionLog;
    readonly clock: Pick<Clock, 'now'>;
    readonly logger: Logger;
  };
  readonly loop: Pick<OperationParts['loop'], 'refreshForWrite' | 'written'>;
  readonly writer: Pick<OperationParts['writer'], 'editSettings'>;
  readonly checks: CheckParts;
  /** Runs in the background; a failure is noted by the check itself. */
  readonly later: (name: string, work: (signal: AbortSignal) => Promise<unknown>) => void;
}

type Edit = Parameters<OperationParts['writer']['editSettings']>[0];

/** The registries of a moment, and what is done to them. */
function createAccess({ context, loop, writer, checks, later }: RegistryParts) {
  const { desired, store } = context;
  const entries = () => desired.settings().registryEntries;
  const viewOf = (entry: RegistryEntry): RegistryView =>
    toRegistryView(entry, checks.kept.get(entry.id), store.lastConnection(registrySubject(entry.id)));
  const find = (id: string): RegistryEntry => {
    const entry = entries().find((one) => one.id === id);
    if (entry === undefined) throw new ReconcilerError('UNKNOWN_REGISTRY', `there is no registry ${id}`);
    return entry;
  };
  const check = (entry: RegistryEntry, signal: AbortSignal): Promise<void> => {
    const setting = desired.settings().registries.find(({ host }) => normaliseHost(host) === entry.host);
    return checkRegistry(checks, entry, setting, signal);
  };
  return {
    entries,
    viewOf,
    find,
    check,
    show: (id: string): RegistryView => viewOf(find(id)),
    commit: (edit: Edit, message: string, by: WriteBy) =>
      loop.written(writer.editSettings(edit, message, by)),
    checkLater: (id: string): void =>
      later('check of a registry', (signal) => check(find(id), signal).catch(() => undefined)),
  };
}

type Access = ReturnType<typeof createAccess>;

export function createRegistryOperations(parts: RegistryParts): RegistryOperations {
  const access = createAccess(parts);
  const { entries, viewOf, find, check, show } = access;
  return {
    listRegistries: () => entries().map(viewOf),
    getRegistry: show,
    findRegistryOf: (image) => lookUp(image, entries(), viewOf),
    async testRegistry(id, signal) {
      await check(find(id), signal);
      return show(id);
    },
    ...createWrites(parts, access),
  };
}

type Writes = 'addRegistry' | 'updateRegistry' | 'removeRegistry' | 'chooseRegistry';

function createWrites(
  parts: RegistryParts,
  { entries, find, show, commit, checkLater }: Access,
): Pick<RegistryOperations, Writes> {
  const { context, loop, checks } = parts;
  return {
    async addRegistry(registry, actor, signal) {
      await loop.refreshForWrite(signal);
      const { entry, kept } = prepare(registry, entries(), context.clock.now());
      const { id, name } = entry;
      checks.kept.put(id, kept);
      try {
        await commit(addEntry(entry), `Add registry ${name}`, { actor, signal });
      } catch (error) {
        if (!entries().some((one) => one.id === id)) checks.kept.delete(id);
        throw error;
      }
      checkLater(id);
      return show(id);
    },
    async updateRegistry(id, update, actor, signal) {
      await loop.refreshForWrite(signal);
      const updating = { entry: changeable(find(id)), update, entries: entries() };
      await applyUpdate(parts, updating, (edit, message) => commit(edit, message, { actor, signal }));
      checkLater(id);
      return show(id);
    },
    async removeRegistry(id, actor, signal) {
      await loop.refreshForWrite(signal);
      const { name } = changeable(find(id));
      await commit(removeEntry(id), `Remove registry ${name}`, { actor, signal });
      checks.kept.delete(id);
      context.store.forgetConnections(registrySubject(id));
    },
    async chooseRegistry(id, actor, signal) {
      await loop.refreshForWrite(signal);
      const entry = changeable(find(id));
      const message = `Make ${entry.name} the default registry of ${entry.type}`;
      if (!entry.isDefault) await commit(chooseEntry(entry, entries()), message, { actor, signal });
      return show(id);
    },
  };
}

/** Credentials that the operator's configuration gives are changed there. */
function changeable(entry: RegistryEntry): RegistryEntry {
  if (entry.fixed !== true) return entry;
  throw new ReconcilerError(
    'BAD_OPTIONS',
    `${entry.name} is of the operator's configuration, and changed there`,
  );
}

function refuseName(name: string, entries: readonly RegistryEntry[]): void {
  if (name.trim() === '') throw new ReconcilerError('BAD_OPTIONS', 'the name is missing');
  if (entries.some((one) => one.name === name))
    throw new ReconcilerError('REGISTRY_EXISTS', `registry with name '${name}' already exists`);
}

function prepare(
  { name, type, url = defaultUrlOf(type), credentials }: NewRegistry,
  entries: readonly RegistryEntry[],
  now: number,
): { readonly entry: RegistryEntry; readonly kept: KeptRegistry } {
  refuseName(name, entries);
  if (url === undefined || url.trim() === '')
    throw new ReconcilerError('BAD_OPTIONS', `a registry of the type ${type} needs its address`);
  const host = normaliseHost(url);
  const fields = readRegistryCredentials(type, credentials);
  const id = entries.some((one) => one.id === registryId(name))
    ? registryId(`${name}\0${now}`)
    : registryId(name);
  const entry = { id, name, type, url, host, isDefault: false, setting: null };
  const common = { type, host, url, credentials: fields, createdAt: now, updatedAt: now };
  return { entry, kept: { ...common, ...pullLoginOf(type, fields) } };
}

interface Updating {
  readonly entry: RegistryEntry;
  readonly update: RegistryUpdate;
  readonly entries: readonly RegistryEntry[];
}

/** The vault first: credentials that nothing names harm nobody. What was there comes back when the commit fails. */
async function applyUpdate(
  { checks, context }: RegistryParts,
  { entry, update, entries }: Updating,
  commit: (edit: Edit, message: string) => Promise<unknown>,
): Promise<void> {
  const { name = entry.name, url = entry.url, credentials } = update;
  if (name !== entry.name) refuseName(name, entries);
  const before = checks.kept.get(entry.id);
  const host = normaliseHost(url);
  const now = context.clock.now();
  const fields =
    credentials === undefined ? before?.credentials : readRegistryCredentials(entry.type, credentials);
  if (fields !== undefined && (credentials !== undefined || host !== before?.host || url !== before.url)) {
    const common = { type: entry.type, host, url, credentials: fields, updatedAt: now };
    checks.kept.put(entry.id, {
      ...common,
      createdAt: before?.createdAt ?? now,
      ...pullLoginOf(entry.type, fields),
    });
  }
  const isMoved = credentials !== undefined && entry.setting !== null;
  if (name === entry.name && url === entry.url && !isMoved) return;
  try {
    await commit(updateEntry(entry, { name, url, isMoved }), `Update registry ${name}`);
  } catch (error) {
    if (before === undefined) checks.kept.delete(entry.id);
    else checks.kept.put(entry.id, before);
    throw error;
  }
}

function lookUp(
  image: string,
  entries: readonly RegistryEntry[],
  viewOf: (entry: RegistryEntry) => RegistryView,
): ReturnType<RegistryOperations['findRegistryOf']> {
  const host = registryOf(image);
  const type = registryTypeOf(host);
  const ofHost = entries.filter((one) => one.host === host);
  const candidates =
    ofHost.length > 0 || type === 'custom' ? ofHost : entries.filter((one) => one.type === type);
  const found = candidates.find(({ isDefault }) => isDefault) ?? candidates[0];
  return { type, registry: found === undefined ? null : viewOf(found) };
}

/** Renews passwords of registries that end by themselves, well before they do. */
export async function renewPasswords({ context, checks }: RegistryParts, signal: AbortSignal): Promise<void> {
  const { desired, clock, logger } = context;
  for (const entry of desired.settings().registryEntries) {
    const known = checks.kept.get(entry.id);
    const isDue = known?.type === 'ecr' && (known.expiresAt ?? 0) - clock.now() < RENEW_BEFORE_MS;
    if (!isDue || known.host !== entry.host) continue;
    await checkRegistry(checks, entry, undefined, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      logger.warn({ registry: entry.host, error: errorMessage(error) }, 'a password could not be renewed');
    });
  }
}

const RENEW_BEFORE_MS = 4 * 3_600_000;
