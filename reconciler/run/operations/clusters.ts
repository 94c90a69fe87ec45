import { withAbortScope } from '../../base/abort-scope.ts';
import { errorMessage, isReconcilerError, ReconcilerError } from '../../base/errors.ts';
import { idOf } from '../../base/ids.ts';
import { clusterEntry, vaultReference } from '../../model/secret-reference.ts';
import type { KubernetesReference, TargetReference } from '../../model/target.ts';
import { connectionKey, targetKey } from '../../model/target.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ConnectionCheck, ConnectionLog } from '../../ports/connection-log.ts';
import type { DesiredState, SharedCluster } from '../../ports/desired.ts';
import type { TargetPool } from '../observe/target-pool.ts';
import type { Target } from '../../ports/target.ts';
import { requireCapability } from '../../ports/target-capabilities.ts';
import type { TargetFacts } from '../../ports/target-capabilities.ts';
import type { Vault } from '../../ports/vault.ts';
import type { ClusterChanges, ClusterOperations, ClusterView } from '../../public/clusters.ts';
import type { Actor } from '../../public/views.ts';
import type { ClusterAccess, ClusterAuthType } from '../clusters/build-kubeconfig.ts';
import { buildKubeconfig, CLUSTER_AUTH_TYPES } from '../clusters/build-kubeconfig.ts';
import { createBounded } from '../instances/bounded.ts';
import type { WriteBy } from '../write/repository-writer.ts';
import { createMeasurer } from '../clusters/measure-cluster.ts';
import type { OperationParts } from './parts.ts';

export interface ClusterParts {
  readonly context: {
    readonly desired: Pick<DesiredState, 'clusters' | 'names' | 'get'>;
    readonly pool: Pick<TargetPool, 'probe' | 'probeUnlessAway'>;
    readonly store: ConnectionLog;
    readonly clock: Pick<Clock, 'now' | 'elapsed'>;
  };
  readonly loop: Pick<OperationParts['loop'], 'refreshForWrite' | 'written'>;
  readonly writer: Pick<OperationParts['writer'], 'editClusters' | 'removeFile'>;
  readonly vault: Vault;
  readonly createTarget: (reference: TargetReference) => Target;
}

/** Interval at which clusters are looked at, in milliseconds. */
export const CLUSTER_LOOK_MS = 60_000;
const PARALLEL_LOOKS = 5;
const LOOK_MS = 10_000;
const DAY_MS = 86_400_000;
const NAME = /^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/;

function subjectOf(name: string): string {
  return `cluster/${name}`;
}

/** Memory of the process of how clusters were. */
interface Seen {
  readonly facts: Map<string, TargetFacts>;
  /** Newest look at each: those that nobody asked for are written down when they come to something else. */
  readonly looks: Map<string, ConnectionCheck>;
}

/** @returns besides the operations, `lookAtClusters`: a look at each */
export function createClusterOperations(
  parts: ClusterParts,
): ClusterOperations & { lookAtClusters(signal: AbortSignal): Promise<unknown> } {
  const { context } = parts;
  const { desired, store } = context;
  const seen: Seen = { facts: new Map(), looks: new Map() };
  const measured = createMeasurer(context.clock);
  const find = (name: string): SharedCluster => findCluster(parts, name);
  const view = (name: string): ClusterView => toView(parts, find(name), seen);
  const look = async (name: string, signal: AbortSignal, isAsked = true): Promise<void> => {
    const cluster = find(name);
    const { pool } = context;
    const ask = async (inner: AbortSignal): Promise<TargetFacts> => {
      const facts = (target: Target) => requireCapability(target, 'facts').facts(inner);
      return isAsked ? pool.probe(usable(cluster), facts) : pool.probeUnlessAway(usable(cluster), facts);
    };
    seen.facts.set(name, await noteLook(parts, { name, seen, isAsked }, ask, signal));
  };
  return {
    listClusters: () => desired.clusters().map(({ name }) => view(name)),
    getCluster: view,
    async testCluster(name, signal) {
      await look(name, signal);
      return view(name);
    },
    async measureCluster(name) {
      const reference = usable(find(name));
      return measured(connectionKey(reference), (signal) =>
        context.pool.probe(reference, (target) => requireCapability(target, 'measures').measure(signal)),
      );
    },
    listClusterChecks(name, limit) {
      find(name);
      return store.listConnections(subjectOf(name), context.clock.now() - DAY_MS).slice(0, limit);
    },
    ...createWrites(parts, view, (name, signal) => look(name, signal).catch(() => undefined)),
    async removeCluster(name, actor, signal) {
      await removeCluster(parts, name, { actor, signal });
      seen.looks.delete(name);
      seen.facts.delete(name);
    },
    lookAtClusters(signal) {
      const bounded = createBounded(PARALLEL_LOOKS);
      const all = desired.clusters().filter(({ reference }) => reference !== null);
      return Promise.all(
        all.map(({ name }) => bounded(() => look(name, signal, false).catch(() => signal.throwIfAborted()))),
      );
    },
  };
}

function usable({ name, reference }: SharedCluster): KubernetesReference {
  if (reference !== null) return reference;
  throw new ReconcilerError('INVALID_CONFIGURATION', `the file of the cluster ${name} has errors`);
}

function findCluster({ context }: ClusterParts, name: string): SharedCluster {
  const found = context.desired.clusters().find((one) => one.name === name);
  if (found === undefined) throw new ReconcilerError('UNKNOWN_CLUSTER', `there is no cluster ${name}`);
  return found;
}

/** One look, bounded, with its result noted. */
async function noteLook(
  { context }: ClusterParts,
  { name, seen, isAsked }: { readonly name: string; readonly seen: Seen; readonly isAsked: boolean },
  ask: (signal: AbortSignal) => Promise<TargetFacts>,
  signal: AbortSignal,
): Promise<TargetFacts> {
  const { store, clock } = context;
  const note = (status: 'connected' | 'disconnected' | 'error', message: string): void => {
    const check = { at: clock.now(), status, message };
    seen.looks.set(name, check);
    if (!isAsked && store.lastConnection(subjectOf(name))?.status === status) return;
    store.noteConnection(subjectOf(name), check);
    store.pruneConnections(clock.now() - DAY_MS);
  };
  try {
    const facts = await withAbortScope({ signals: [signal], timeoutMs: LOOK_MS }, ask);
    note('connected', `Kubernetes ${facts.engineVersion}`);
    return facts;
  } catch (error) {
    if (signal.aborted) throw error;
    note(isReconcilerError(error, 'TARGET_UNREACHABLE') ? 'disconnected' : 'error', errorMessage(error));
    throw error;
  }
}

async function removeCluster(parts: ClusterParts, name: string, by: WriteBy): Promise<void> {
  const { context, loop, writer, vault } = parts;
  await loop.refreshForWrite(by.signal);
  const cluster = changeable(parts, name);
  refuseUsed(parts, name);
  await loop.written(writer.removeFile(cluster.file ?? '', `Remove cluster ${name}`, by));
  for (const entry of vault.names(`${subjectOf(name)}@`)) vault.delete(entry);
  context.store.forgetConnections(subjectOf(name));
}

type Writes = 'addCluster' | 'updateCluster' | 'chooseCluster';

function createWrites(
  parts: ClusterParts,
  view: (name: string) => ClusterView,
  look: (name: string, signal: AbortSignal) => Promise<unknown>,
): Pick<ClusterOperations, Writes> {
  const { context, loop, writer, vault } = parts;
  return {
    async addCluster({ name, ...cluster }, actor, signal) {
      await loop.refreshForWrite(signal);
      refuseName(parts, name);
      const authType = readAuthType(cluster.authType);
      const access = buildKubeconfig(authType, cluster.server, cluster.credentials);
      const keys = { ...keysOf(cluster), server: access.server, authType, credentials: 'vault/1' };
      await keeping(vault, clusterEntry(name, access.server), access, () =>
        loop.written(writer.editClusters([{ name, keys }], `Add cluster ${name}`, { actor, signal })),
      );
      await look(name, signal);
      return view(name);
    },
    async updateCluster(name, changes, actor, signal) {
      await loop.refreshForWrite(signal);
      await update(parts, changeable(parts, name), { changes, actor, signal });
      if (changes.credentials !== undefined) await look(name, signal);
      return view(name);
    },
    async chooseCluster(name, actor, signal) {
      await loop.refreshForWrite(signal);
      const chosen = changeable(parts, name);
      const others = context.desired
        .clusters()
        .filter((one) => one.isDefault && one.name !== name && one.file !== null);
      const edits = [
        ...others.map((one) => ({ name: one.name, keys: { default: null } })),
        ...(chosen.isDefault ? [] : [{ name, keys: { default: true } }]),
      ];
      const message = `Make ${name} the default cluster`;
      if (edits.length > 0) await loop.written(writer.editClusters(edits, message, { actor, signal }));
      return view(name);
    },
  };
}

interface Updating {
  readonly changes: ClusterChanges;
  readonly actor: Actor;
  readonly signal: AbortSignal;
}

async function update(
  parts: ClusterParts,
  cluster: SharedCluster,
  { changes, actor, signal }: Updating,
): Promise<void> {
  const { loop, writer, vault } = parts;
  const { name } = cluster;
  const by = { actor, signal };
  const commit = (keys: object): Promise<unknown> =>
    loop.written(writer.editClusters([{ name, keys }], `Update cluster ${name}`, by));
  if (changes.credentials === undefined) {
    if (changes.server !== undefined && changes.server !== serverOf(cluster))
      throw new ReconcilerError(
        'BAD_OPTIONS',
        'another server needs credentials: those of now are for the old one',
      );
    const keys = keysOf(changes);
    if (Object.keys(keys).length === 0)
      throw new ReconcilerError('BAD_OPTIONS', 'there is nothing to change');
    await commit(keys);
    return;
  }
  const authType = readAuthType(changes.authType ?? cluster.authType);
  const access = buildKubeconfig(authType, changes.server ?? serverOf(cluster), changes.credentials);
  await tryAccess(parts, name, access, signal);
  const { connection } = cluster.reference ?? {};
  const before = connection?.type === 'kubeconfig' ? (connection.generation ?? 0) : 0;
  const cleared = Object.fromEntries(OTHER_WAYS.map((key) => [key, null]));
  const keys = {
    ...cleared,
    ...keysOf(changes),
    server: access.server,
    authType,
    credentials: `vault/${before + 1}`,
  };
  await keeping(vault, clusterEntry(name, access.server), access, () => commit(keys));
}

const OTHER_WAYS = ['kubeconfig', 'context', 'ca', 'token', 'clientCertificate', 'clientKey', 'inCluster'];

/** Puts the access into the vault for what is written then; what was there comes back when that fails. */
async function keeping(
  vault: Vault,
  entry: string,
  { kubeconfig }: ClusterAccess,
  commit: () => Promise<unknown>,
): Promise<void> {
  const before = vault.get(entry)?.reveal();
  vault.put(entry, JSON.stringify({ kubeconfig }));
  try {
    await commit();
  } catch (error) {
    if (before === undefined) vault.delete(entry);
    else vault.put(entry, before);
    throw error;
  }
}

/** Looks at a cluster with credentials that are not in force yet. */
async function tryAccess(
  parts: ClusterParts,
  name: string,
  access: ClusterAccess,
  signal: AbortSignal,
): Promise<void> {
  const { vault, createTarget } = parts;
  const entry = `trial/${name}@${access.server}`;
  vault.put(entry, JSON.stringify({ kubeconfig: access.kubeconfig }));
  try {
    const source = vaultReference(entry, 'kubeconfig');
    const reference: KubernetesReference = {
      name,
      kind: 'kubernetes',
      connection: { type: 'kubeconfig', source, address: access.server },
    };
    await using target = createTarget(reference);
    const facts = requireCapability(target, 'facts');
    await withAbortScope({ signals: [signal], timeoutMs: LOOK_MS }, (inner) => facts.facts(inner));
  } finally {
    vault.delete(entry);
  }
}

function keysOf({ displayName, description, labels }: ClusterChanges): object {
  const given = Object.entries({ displayName, description, labels });
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

function readAuthType(text: string | undefined): ClusterAuthType {
  // The reference of the platform calls a token so.
  const wanted = text === 'bearer_token' ? 'token' : text;
  const type = CLUSTER_AUTH_TYPES.find((one) => one === wanted);
  if (type !== undefined) return type;
  if (wanted === 'oidc')
    throw new ReconcilerError(
      'BAD_OPTIONS',
      'authType oidc is not taken: nobody is there to sign in again when its token ends; give the token of a service account',
    );
  throw new ReconcilerError('BAD_OPTIONS', `authType must be one of ${CLUSTER_AUTH_TYPES.join(', ')}`);
}

function refuseName({ context }: ClusterParts, name: string): void {
  if (!NAME.test(name))
    throw new ReconcilerError(
      'BAD_OPTIONS',
      'name must be 1 to 63 lower-case letters, digits, hyphens and dots',
    );
  if (context.desired.clusters().some((one) => one.name === name))
    throw new ReconcilerError('CLUSTER_EXISTS', `there is a cluster ${name} already`);
}

/** One that the operator's configuration defines is changed there. */
function changeable(parts: ClusterParts, name: string): SharedCluster {
  const cluster = findCluster(parts, name);
  if (cluster.file !== null) return cluster;
  throw new ReconcilerError('BAD_OPTIONS', `${name} is of the operator's configuration, and changed there`);
}

function refuseUsed({ context }: ClusterParts, name: string): void {
  const { desired } = context;
  const users = desired
    .names()
    .filter((stack) =>
      desired.get(stack)?.targets.some((one) => one.kind === 'kubernetes' && one.name === name),
    );
  if (users.length === 0) return;
  const shown = users.slice(0, 10).join(', ');
  throw new ReconcilerError(
    'CLUSTER_IN_USE',
    `the cluster ${name} is used by ${shown}; move or delete them first`,
  );
}

function serverOf({ reference }: Pick<SharedCluster, 'reference'>): string {
  return reference === null ? '' : targetKey(reference).replace(/^kubernetes:/, '');
}

function toView({ context }: ClusterParts, cluster: SharedCluster, seen: Seen): ClusterView {
  const { name, displayName, description, authType, labels, isDefault } = cluster;
  const last = seen.looks.get(name) ?? context.store.lastConnection(subjectOf(name));
  return {
    id: idOf('cluster', name),
    name,
    displayName: displayName ?? name,
    description: description ?? '',
    server: serverOf(cluster),
    authType: authType ?? 'kubeconfig',
    labels,
    isDefault,
    status: last?.status ?? 'unknown',
    message: last?.message ?? null,
    lastCheck: last === undefined ? null : new Date(last.at).toISOString(),
    facts: seen.facts.get(name) ?? null,
  };
}
