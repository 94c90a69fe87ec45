import { errorMessage, ReconcilerError } from '../base/errors.ts';
import type { RepositoryFetcher } from '../ports/builds/repository-fetcher.ts';
import { NO_REPOSITORIES } from '../ports/builds/repository-fetcher.ts';
import { NO_REGISTRY_CLIENT } from '../ports/registry-client.ts';
import type { Vault } from '../ports/vault.ts';
import { NO_VAULT } from '../ports/vault.ts';
import type { CheckParts } from './registries/check-registry.ts';
import { createKeptRegistries } from './registries/kept-registries.ts';
import type { OperationParts } from './operations/parts.ts';
import type { RegistryParts } from './operations/registries.ts';
import { createRegistryOperations, renewPasswords } from './operations/registries.ts';
import type { Seal } from '../model/seal.ts';
import type { TargetReference } from '../model/target.ts';
import { DEFAULT_STABLE_MS } from '../model/well.ts';
import type { Sealer } from '../ports/adopt/adoption-draft.ts';
import type { BackupCipher } from '../ports/backups/backup-cipher.ts';
import { NO_CIPHER } from '../ports/backups/backup-cipher.ts';
import type { BackupStore } from '../ports/backups/backup-store.ts';
import type { BuildSetup } from '../ports/builds/build-policy.ts';
import { NO_BUILDS } from '../ports/builds/build-policy.ts';
import { NO_BACKUP_STORE } from '../ports/backups/backup-store.ts';
import type { Channel } from '../ports/notifier.ts';
import type { Clock } from '../ports/clock.ts';
import type { DesiredState } from '../ports/desired.ts';
import type { Freeze } from '../ports/freeze.ts';
import { NEVER_FROZEN } from '../ports/freeze.ts';
import type { GitHost } from '../ports/hosts/git-host.ts';
import type { HostSettings } from '../ports/hosts/host-settings.ts';
import { DEFAULT_HOST_SETTINGS } from '../ports/hosts/host-settings.ts';
import type { Logger } from '../ports/logger.ts';
import type { Notifier } from '../ports/notifier.ts';
import type { SignatureSettings } from '../ports/signatures.ts';
import type { Source, TagFolding } from '../ports/source.ts';
import type { Store } from '../ports/store.ts';
import type { Target } from '../ports/target.ts';
import type { AdoptionOperations } from '../public/adopt/adoptions.ts';
import type { DraftOperations } from '../public/files/drafts.ts';
import type { FileOperations } from '../public/files/files.ts';
import type { ImportOperations } from '../public/imports.ts';
import type { DiagnosticsOperations } from '../public/diagnostics.ts';
import type {
  ApplyOperations,
  JobOperations,
  Reconciler,
  ReconcilerEvent,
  StackOperations,
  WriteOperations,
} from '../public/reconciler.ts';
import type { UpkeepOperations } from '../public/upkeep/upkeep.ts';
import { Backups } from './backups/backups.ts';
import { BackupSchedule } from './backups/backup-schedule.ts';
import type { RunContext } from './context.ts';
import { recallHeld } from './context.ts';
import { createHookFeed } from './hosts/hook-feed.ts';
import { HostWork } from './hosts/host-work.ts';
import { Background } from './loop/background.ts';
import { createEventHub } from './loop/event-hub.ts';
import { StackPlaces } from './loop/stack-places.ts';
import { StackHolds } from './loop/stack-holds.ts';
import { Loop } from './loop/loop.ts';
import type { LoopOptions } from './loop/loop.ts';
import type { TargetState } from './observe/target-entry.ts';
import { TargetPool } from './observe/target-pool.ts';
import { createAdoptionOperations } from './adopt/operations.ts';
import { createBuilds } from './operations/builds.ts';
import { createApplyOperations } from './operations/applies.ts';
import { createCatalogueOperations } from './operations/catalogue.ts';
import { CLUSTER_LOOK_MS, createClusterOperations } from './operations/clusters.ts';
import { createDataOperations } from './operations/data.ts';
import { createDiagnosticsOperations } from './operations/diagnostics.ts';
import { createDriftOperations } from './operations/drift.ts';
import { createFileOperations } from './files/operations.ts';
import { createImportOperations } from './operations/imports.ts';
import { createJobOperations } from './operations/jobs.ts';
import { createNotices } from './operations/notices.ts';
import { createRepositoryOperations } from './operations/repository.ts';
import { ImageUpdates } from './upkeep/images/image-updates.ts';
import { createUpkeepOperations } from './upkeep/operations.ts';
import { createServiceOperations } from './operations/services.ts';
import { createStackOperations } from './operations/stacks.ts';
import { createWorkflowOperations } from './operations/workflows.ts';
import { createWriteOperations } from './operations/writes.ts';
import { Deployments } from './record/deployments.ts';
import { createTagFolding, FOLD_EVERY_MS } from './record/fold-tags.ts';
import { JobStore } from './record/job-store.ts';
import { formatAddress, StackTable } from './stack-table.ts';
import { listStackResources } from './live/stack-resources.ts';
import { Inventory } from './inventory/inventory.ts';
import { createObjectHistory } from './inventory/object-history.ts';
import { createInventoryOperations } from './operations/inventory.ts';
import { createGivenSecrets } from './operations/given-secrets.ts';
import { createVersions } from './write/versions.ts';
import { createReleases } from './write/releases.ts';
import { RepositoryWriter } from './write/repository-writer.ts';

export interface ReconcilerOptions {
  readonly source: Source;
  readonly desired: DesiredState;
  readonly store: Store;
  readonly createTarget: (reference: TargetReference) => Target;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Store for backups. Default: none but in volumes. */
  readonly backups?: BackupStore;
  /** Stores that the operator has set up besides, by name. Default: none. */
  readonly backupDestinations?: ReadonlyMap<string, BackupStore>;
  /** Encryption of backups. Default: none. */
  readonly backupCipher?: BackupCipher;
  /** Default: nothing is ever frozen. */
  readonly freeze?: Freeze;
  /** Signatures that commits have to have. Default: none. */
  readonly signatures?: SignatureSettings;
  /** Host of the config repository. Default: none is known. */
  readonly gitHost?: GitHost;
  /** Decisions of the operator about what is done there. Default: plans for pull requests that are no forks, nobody confirms. */
  readonly hostSettings?: HostSettings;
  /** Most stacks that leave the repository at once without a yes. Default `null`: as many as are left. */
  readonly maxRemovals?: number | null;
  /** Stacks worked on at the same time. Default 32. */
  readonly stackConcurrency?: number;
  /** Changes of one stack carried out at the same time. Default 8. */
  readonly changeConcurrency?: number;
  /** Everything is looked at again this often. Default 300,000. */
  readonly resyncMs?: number;
  /** Deployment tags that keep refs of their own; `null`: all of them. Default: the last 20 of a stack that has more than 100. */
  readonly folding?: TagFolding | null;
  /** Ended jobs are kept this long. Default 30 days. */
  readonly keepJobsMs?: number;
  /** Milliseconds that a program without a health check has to run to count as well, where no policy says so. Default 10,000. */
  readonly stableMs?: number;
  /** Keeps secrets that are given over the API. Default: none can be given. */
  readonly vault?: Vault;
  /** Parts that registries are asked with. Default: there is no place for their credentials, and none is asked. */
  readonly registries?: Pick<CheckParts, 'kept' | 'client' | 'resolve'>;
  /** Engine that builds images, and where their repositories may be. Default: none is built. */
  readonly builds?: BuildSetup;
  /** Fetches repositories that are imported from. Default: none is. */
  readonly importFrom?: RepositoryFetcher;
  /** Milliseconds without a byte after which a session in a container ends. Default 1,800,000. */
  readonly sessionIdleMs?: number;
  /** Ways to people that the operator has set up. They are told news from `start` on. Default: none. */
  readonly channels?: readonly Channel[];
  /** Told all news from `start` on. Default: none. */
  readonly notifiers?: readonly Notifier[];
  /** Encrypts passwords of projects that are taken over. Default: they stay in clear. */
  readonly sealer?: Sealer;
  /** Key of digests that leave the process, the one that `desired` has. Default: none. */
  readonly seal?: Seal;
}

/** Puts the parts together: the loop, and everything that can be asked. */
export function createReconciler(options: ReconcilerOptions): Reconciler {
  const context = createContext(options);
  const background = new Background(context.clock, context.logger);
  const backups = createBackups(context, options);
  const schedule = new BackupSchedule(context, backups);
  const listeners: LoopListener[] = [schedule];
  const loop = new Loop(context, {
    ...options,
    onRun: (stack) => listeners.forEach((listener) => listener.note(stack)),
    onLoad: (...loaded) => listeners.forEach((listener) => listener.begin?.(...loaded)),
  });
  const writer = new RepositoryWriter(context, () => loop.repository.error);
  const inventory = new Inventory({ ...context, onSteps: createObjectHistory(context) });
  const parts = { context, loop, writer, backups, inventory };
  const registries = createRegistryParts(parts, background, options);
  const { vault = NO_VAULT, channels = [], notifiers = [], createTarget } = options;
  const clusters = createClusterOperations({ ...parts, vault, createTarget });
  const { lookAtClusters, ...clusterOperations } = clusters;
  const stacks = createStackOperations(parts);
  const hostWork = createHostWork(parts, stacks, listeners);
  const notices = createNotices({ context, channels, notifiers });
  const foldTags = createTagFolding(context, options.folding);
  const { builds, operations } = createBuilds({
    ...parts,
    setup: options.builds ?? NO_BUILDS,
    checks: registries.checks,
    createTarget,
    onEnd: notices.noteBuild,
  });
  return {
    ...createRepositoryOperations(parts),
    ...stacks,
    stackResources: (stack) => listStackResources(context, stack),
    ...createDriftOperations(parts, stacks),
    ...createJobs({ ...parts, images: registries.images }, background, stacks),
    ...createServiceOperations({ context, sessionIdleMs: options.sessionIdleMs }, stacks),
    ...createWrites(parts, stacks, options),
    ...createWorkflowOperations(parts),
    ...createDataOperations(parts, stacks),
    ...createCatalogueOperations(context),
    ...createRegistryOperations(registries),
    ...clusterOperations,
    ...createInventoryOperations(inventory, context.store),
    ...operations,
    ...createImports(context.clock, background, options),
    ...createReleases(parts),
    ...notices.operations,
    ...createGivenSecrets(vault),
    ...createVersions({ context, refreshForWrite: (signal) => loop.refreshForWrite(signal) }),
    start() {
      notices.start();
      hostWork?.start();
      keepUp(background, { schedule, builds, registries, lookAtClusters, foldTags });
      return loop.start();
    },
    subscribe: context.events.subscribe,
    [Symbol.asyncDispose]: () =>
      disposeInOrder([notices, builds, hostWork, background, backups, inventory, loop, context.pool]),
  };
}

/** A part that follows the loop. */
interface LoopListener {
  note(stack: string): void;
  begin?(...loaded: Parameters<NonNullable<LoopOptions['onLoad']>>): void;
}

interface KeptUp {
  readonly schedule: BackupSchedule;
  readonly builds: ReturnType<typeof createBuilds>['builds'];
  readonly registries: ReturnType<typeof createRegistryParts>;
  readonly lookAtClusters: (signal: AbortSignal) => Promise<unknown>;
  readonly foldTags: (signal: AbortSignal) => Promise<void>;
}

/** Begins what goes on beside the loop. */
function keepUp(background: Background, kept: KeptUp): void {
  const { schedule, builds, registries, lookAtClusters, foldTags } = kept;
  background.keep('backup schedule', (signal) => schedule.run(signal));
  background.every(CLUSTER_LOOK_MS, 'looks at clusters', lookAtClusters);
  background.every(FOLD_EVERY_MS, 'fold tags', foldTags);
  background.keep('image updates', (signal) => registries.images.run(signal));
  background.keep('builds', (signal) => builds.tidy(signal));
  background.every(HOUR_MS, 'passwords of registries', (signal) => renewPasswords(registries, signal));
}

async function disposeInOrder(parts: readonly (AsyncDisposable | null)[]): Promise<void> {
  for (const part of parts) await part?.[Symbol.asyncDispose]();
}

/** `null` where the operator has set up no host, or none that takes anything from here. */
function createHostWork(
  parts: OperationParts,
  stacks: StackOperations,
  listeners: LoopListener[],
): HostWork | null {
  const { context, loop } = parts;
  if (context.gitHost === null || !context.hostSettings.writes) return null;
  const work = new HostWork({
    context,
    host: context.gitHost,
    applies: createApplyOperations(parts, stacks),
    refresh: (signal) => loop.refreshIfPossible(signal),
    isPushed: (stack) => loop.isPushed(stack),
  });
  listeners.push(work);
  return work;
}

function createBackups(context: RunContext, options: ReconcilerOptions): Backups {
  const { backups = NO_BACKUP_STORE, backupDestinations = new Map(), backupCipher = NO_CIPHER } = options;
  return new Backups({ context, store: backups, destinations: backupDestinations, cipher: backupCipher });
}

const HOUR_MS = 3_600_000;

function toNodeEvent({ reference, reachable, message }: Readonly<TargetState>): ReconcilerEvent {
  const { name: node } = reference;
  return { type: 'node', node, address: formatAddress(reference), reachable: reachable === true, message };
}

function createJobs(
  { images, ...parts }: OperationParts & { readonly images: ImageUpdates },
  background: Background,
  stacks: StackOperations,
): ApplyOperations & JobOperations & UpkeepOperations {
  const { context } = parts;
  const applies = createApplyOperations(parts, stacks);
  const jobs = createJobOperations(parts);
  return {
    ...applies,
    ...jobs,
    ...createUpkeepOperations({ context, background, stacks, applies, jobs, images }),
  };
}

function createWrites(
  parts: OperationParts,
  stacks: StackOperations,
  { sealer }: ReconcilerOptions,
): WriteOperations & FileOperations & DraftOperations & DiagnosticsOperations & AdoptionOperations {
  const writes = createWriteOperations(parts);
  const diagnostics = createDiagnosticsOperations({ ...parts, stacks, writes });
  return {
    ...writes,
    ...diagnostics,
    ...createFileOperations(parts),
    ...createAdoptionOperations(parts, sealer),
  };
}

function createImports(
  clock: Clock,
  background: Background,
  { importFrom = NO_REPOSITORIES }: ReconcilerOptions,
): ImportOperations {
  return createImportOperations({
    fetcher: importFrom,
    clock,
    later: (name, work) => background.run(name, work),
  });
}

function createRegistryParts(
  parts: OperationParts,
  background: Background,
  options: ReconcilerOptions,
): RegistryParts & { readonly images: ImageUpdates } {
  const { store, clock, registries = NO_REGISTRIES } = options;
  const checks = { store, clock, ...registries };
  const images = new ImageUpdates({ ...parts, registries: checks });
  return { ...parts, checks, images, later: (name, work) => background.run(name, work) };
}

const NO_REGISTRIES: Pick<CheckParts, 'kept' | 'client' | 'resolve'> = {
  kept: createKeptRegistries(NO_VAULT),
  client: NO_REGISTRY_CLIENT,
  resolve(reference) {
    throw new ReconcilerError('SECRET_NOT_FOUND', `there is no ${reference}`);
  },
};

function createContext(options: ReconcilerOptions): RunContext {
  const { source, desired, store, clock, logger, createTarget } = options;
  const onListenerError = (error: unknown) =>
    logger.error({ error: errorMessage(error) }, 'a listener failed');
  const events = createEventHub(onListenerError);
  const jobs = new JobStore({ store, clock, logger, events });
  const onMove = (state: Readonly<TargetState>) => events.publish(toNodeEvent(state));
  const pool = new TargetPool({ createTarget, clock, logger, onMove });
  const stacks = new StackTable(events, clock);
  return {
    source,
    desired,
    pool,
    store,
    clock,
    logger,
    events,
    jobs,
    stacks,
    places: new StackPlaces({ desired, stacks, pool, clock }),
    deployments: new Deployments({
      source,
      clock,
      logger,
      onMoved: (jobId, tag) => jobs.noteTag(jobId, tag),
    }),
    freeze: options.freeze ?? NEVER_FROZEN,
    signatures: options.signatures ?? null,
    gitHost: options.gitHost ?? null,
    hostSettings: options.hostSettings ?? DEFAULT_HOST_SETTINGS,
    maxRemovals: options.maxRemovals ?? null,
    hooks: createHookFeed(onListenerError),
    holds: new StackHolds(),
    hooked: new Map(),
    disturbed: new Map(),
    onHold: recallHeld({ store, logger }),
    recalled: new Map(),
    unsaved: new Map(),
    concurrency: options.changeConcurrency ?? 8,
    stableMs: options.stableMs ?? DEFAULT_STABLE_MS,
    seal: options.seal ?? null,
  };
}
