import type { BackupPolicy } from '../../database/backup.ts';
import { parseDataName } from '../../database/data-name.ts';
import { hasErrors } from '../../base/diagnostic.ts';
import { ReconcilerError } from '../../base/errors.ts';
import type { DesiredStack } from '../../model/stack.ts';
import type { BackupStore } from '../../ports/backups/backup-store.ts';
import { toDataSource } from './data/data-source.ts';
import { expandPolicy, requireDataName } from './data/places.ts';
import { toServerSource } from './dump-server.ts';
import { findServers } from './servers.ts';
import type { BackupParts, BackupSource } from './source.ts';

/** The part of a stack that is meant: one thing of it by its name, else all that its policy means. */
export interface Meant {
  readonly stack: string;
  readonly service?: string;
}

export interface Found {
  readonly sources: readonly BackupSource[];
  readonly policy: BackupPolicy | undefined;
  /** Services among them whose database is dumped, by a client in its container. */
  readonly dumped: readonly string[];
  /** Their store packs and encrypts by itself. */
  readonly packs: boolean;
}

/** Throws at once what can be told without asking anybody: UNKNOWN_STACK, INVALID_CONFIGURATION, and BAD_OPTIONS where nothing of it is backed up. */
export function requireSources(parts: BackupParts, meant: Meant): void {
  const description = requireDescription(parts, meant.stack);
  storeOf(parts, description.backup);
  if (meant.service !== undefined && parseDataName(meant.service) !== null)
    requireDataName(description, meant.service);
  else if (meant.service !== undefined || !meansData(description.backup))
    findServers(parts.context, storeOf(parts, description.backup), meant);
}

/** Everything that is meant, looked up now. */
export async function findSources(parts: BackupParts, meant: Meant, signal: AbortSignal): Promise<Found> {
  const { context } = parts;
  const description = requireDescription(parts, meant.stack);
  const { backup: policy } = description;
  const store = storeOf(parts, policy);
  const packs = store.packs === true;
  const toData = (name: string) => toDataSource(parts, store, { description, name });
  const { service } = meant;
  if (service !== undefined && parseDataName(service) !== null) {
    requireDataName(description, service);
    return { sources: [toData(service)], policy, dumped: [], packs };
  }
  if (service !== undefined || !meansData(policy)) {
    const { servers } = findServers(context, store, meant);
    const dumped = servers.map((one) => one.service);
    return { sources: servers.map((server) => toServerSource(parts, server)), policy, dumped, packs };
  }
  const servers = serversIfAny(parts, store, meant);
  const dumped = servers.map((one) => one.service);
  const names = await expandPolicy(context, description, { policy: policy ?? {}, dumped, signal });
  const sources = [...servers.map((server) => toServerSource(parts, server)), ...names.map(toData)];
  if (sources.length > 0) return { sources, policy, dumped, packs };
  const message = `${meant.stack} has nothing to back up: no database, and no volume or directory that its services write to`;
  throw new ReconcilerError('BAD_OPTIONS', message);
}

function serversIfAny(parts: BackupParts, store: BackupStore, meant: Meant) {
  try {
    return findServers(parts.context, store, meant).servers;
  } catch (error) {
    if (error instanceof ReconcilerError && error.code === 'BAD_OPTIONS') return [];
    throw error;
  }
}

function meansData(policy: BackupPolicy | undefined): boolean {
  return [policy?.volumes, policy?.directories].some((one) => one === true || (one?.length ?? 0) > 0);
}

function requireDescription({ context }: BackupParts, stack: string): DesiredStack {
  const description = context.desired.get(stack);
  if (description === undefined) throw new ReconcilerError('UNKNOWN_STACK', `there is no stack ${stack}`);
  if (hasErrors(description.diagnostics))
    throw new ReconcilerError('INVALID_CONFIGURATION', `the description of ${stack} has errors`);
  return description;
}

/** Store that a policy names. Throws BAD_OPTIONS for one that the operator has not set up. */
function storeOf({ store, destinations }: BackupParts, policy: BackupPolicy | undefined): BackupStore {
  const name = policy?.destination;
  if (name === undefined) return store;
  const found = destinations.get(name);
  if (found !== undefined) return found;
  const known = [...destinations.keys()].sort().join(', ') || 'none';
  throw new ReconcilerError(
    'BAD_OPTIONS',
    `there is no destination ${name} for backups; the operator has set up: ${known} (backups.destinations of the daemon's configuration)`,
  );
}
