import { join } from 'node:path';
import { createRepositoryFetcher } from '../adapters/git/fetcher.ts';
import type { SchemaCheck } from '../config/schema-check.ts';
import { createProgramPlanner } from '../adapters/planners/program-planner.ts';
import { readCommands } from '../adapters/secrets/commands.ts';
import { createSealer } from '../adapters/secrets/seal.ts';
import { createSecrets } from '../adapters/secrets/secrets.ts';
import { createRegistryClient } from '../adapters/registries/client.ts';
import { createKeptRegistries } from '../run/registries/kept-registries.ts';
import { openBackups } from './open-backups.ts';
import { openRenderer } from './charts/open-renderer.ts';
import { openVault } from './open-vault.ts';
import { createSqliteStore } from '../adapters/sqlite/sqlite-store.ts';
import { errorMessage } from '../base/errors.ts';
import { defined } from '../base/values.ts';
import { homePolicy } from '../model/operator-policy.ts';
import { withPrograms } from '../model/policy-connections.ts';
import type { RegistryCredentials } from '../model/registry.ts';
import type { Clock } from '../ports/clock.ts';
import type { DesiredState } from '../ports/desired.ts';
import type { Logger } from '../ports/logger.ts';
import type { BuildSetup } from '../ports/builds/build-policy.ts';
import { NO_BUILDS } from '../ports/builds/build-policy.ts';
import type { RepositoryFetcher } from '../ports/builds/repository-fetcher.ts';
import type { Notifier } from '../ports/notifier.ts';
import type { SecretProvider } from '../ports/secret-provider.ts';
import type { Secrets } from '../ports/secrets.ts';
import type { TargetKind } from '../ports/target-kind.ts';
import type { Store } from '../ports/store.ts';
import type { Instances } from '../public/instances.ts';
import type { ExecRight, Reconciler } from '../public/reconciler.ts';
import type { UsersConfig } from '../public/users-config.ts';
import { DEFAULT_USERS } from '../public/users-config.ts';
import type { ReconcilerOptions } from '../run/create-reconciler.ts';
import { createReconciler } from '../run/create-reconciler.ts';
import { DEFAULT_FOLDING } from '../run/record/fold-tags.ts';
import type { DesiredStateOptions } from '../desired/desired-state.ts';
import { createDesiredState } from '../desired/desired-state.ts';
import type { DaemonConfig } from './daemon-config.ts';
import { DEFAULT_IMPORT_FROM, readDaemonConfig } from './daemon-config.ts';
import { createFreeze } from './freeze-windows.ts';
import type { GitHostSetup } from './hosts/host-setup.ts';
import { openHostSetup } from './hosts/host-setup.ts';
import type { SourceOptions } from './operator/open-source.ts';
import { openSource } from './operator/open-source.ts';
import type { SourcePlace } from './operator/sources.ts';
import { filesOf } from './hosts/signatures-config.ts';
import type { Metrics } from './metrics.ts';
import { openChannels } from './notify/open-channels.ts';
import { DEFAULT_INSTANCES } from './instances-config.ts';
import type { OpenInstancesOptions } from './open-instances.ts';
import { prepareStateDir, refuseConfigOfAuthors } from './state-dir.ts';
import { openSeal } from './seal-key.ts';
import { createTarget, registerKinds } from './target-kinds.ts';
import { systemClock } from './system-clock.ts';

export interface KombinatorOptions extends SourceOptions {
  /** Everything is looked at again this often, in milliseconds. Default 300,000. */
  readonly resyncMs?: number;
  /** Stacks worked on at the same time. Default 32. */
  readonly stackConcurrency?: number;
  /**
   * Nobody else applies on this state directory (its lock is held): jobs that are not ended were cut short, and are closed.
   * Default: as long as it is not for one command.
   */
  readonly exclusive?: boolean;
  /** Milliseconds that a program without a health check has to run to count as well, where no policy says so. Default 10,000. */
  readonly stableMs?: number;
  /** Path of the operator's configuration (schemas/daemon.schema.json). */
  readonly config?: string;
  readonly env: NodeJS.ProcessEnv;
  /** Commands that print secrets, `NAME=program argument …`; besides those of `secrets.yaml` in the state directory. */
  readonly secretCommands?: readonly string[];
  /** Kinds of targets besides Docker and Kubernetes; what `type` of `nodes/<name>.yaml` says. */
  readonly targets?: readonly TargetKind[];
  /** Further places that secrets are kept in, each under its name: `secret://NAME/PATH`. */
  readonly secretProviders?: readonly SecretProvider[];
  /** Told what becomes of stacks. Not for one command. */
  readonly notifiers?: readonly Notifier[];
  /** History. Disposed of with the kombinator. Default: SQLite in the state directory. */
  readonly store?: Store;
}

/** A reconciler on real parts. */
export interface Kombinator extends AsyncDisposable {
  readonly reconciler: Reconciler;
  /** Short-lived pods; `null` for one command, and when the configuration turns them off. They are looked after from `start()` on. */
  readonly instances: Instances | null;
  readonly store: Store;
  readonly secrets: Secrets;
  /** Users of the API, as the operator has set them; the API makes them of it. */
  readonly users: UsersConfig;
  /** Host of the config repository, as the operator has set it up; `null`: not at all. Throws BAD_OPTIONS where that is not enough; of a daemon it was found to be. */
  readonly gitHost: () => GitHostSetup | null;
  /** Addresses or networks of proxies before the API, as the operator has named them. */
  readonly proxies: readonly string[];
  /** People who may run programs in containers over the API, as the operator has decided. */
  readonly execRight: ExecRight;
  /** Further repositories that the operator has named; they are opened by whoever serves them. */
  readonly sources: readonly SourcePlace[];
  /** `null` for one command: nobody would ask for them. */
  readonly metrics: Metrics | null;
  /** One line per part: `ok`, or what is wrong with it. */
  checks(): Record<string, string>;
}

/** One after the other: each may use those after it until it has ended. */
async function disposeInOrder(parts: readonly (AsyncDisposable | Disposable | null)[]): Promise<void> {
  for (const part of parts) {
    if (part === null) continue;
    if (Symbol.asyncDispose in part) await part[Symbol.asyncDispose]();
    else part[Symbol.dispose]();
  }
}

/**
 * Opens store and repository and puts the reconciler together. It acts only when asked until `reconciler.start()`.
 *
 * @throws BAD_OPTIONS, STORE_UNAVAILABLE, STORE_FULL
 */
export async function createKombinator(options: KombinatorOptions): Promise<Kombinator> {
  const { stateDir, logger, env } = options;
  const clock = systemClock;
  await prepareStateDir(stateDir, options.repo);
  const { kinds, checkSchema } = await registerKinds(options.targets ?? []);
  const config = await readConfig(options, checkSchema);
  const { kept, secrets, vault } = openSecrets(options);
  const gitHost = () => openHostSetup(config.gitHost, options.repo, secrets);
  const store = openStore(options, clock);
  const source = await openSource(options, config.signatures, clock);
  const reading = {
    secrets,
    checkSchema,
    kinds,
    policy: policyOf(config),
    seal: openSeal(stateDir),
    keptRegistry: kept.settingOf,
    ...(await openRendererFor(options, config, (reference) => secrets.resolve(reference))),
  };
  const desired = createDesiredState({ source, ...reading });
  const registries = () => readRegistries(desired, secrets, logger);
  const targetParts = { kinds, secrets, registries, env, clock, logger };
  const reconciler = createReconciler({
    source,
    desired,
    store,
    clock,
    logger,
    seal: reading.seal,
    sealer: createSealer({ stateDir, env }),
    vault,
    registries: { kept, client: createRegistryClient(), resolve: (reference) => secrets.resolve(reference) },
    builds: openBuilds(config, options, secrets),
    importFrom: openImports(config, options, secrets),
    freeze: createFreeze(config.freeze),
    ...limitsOf(config),
    ...openBackups(config.backups, { stateDir, env }),
    createTarget: (reference) => createTarget(withPrograms(config.policy, reference), targetParts),
    channels: openChannels(config.channels, secrets),
    notifiers: options.notifiers ?? [],
    ...hostOf(options, gitHost),
    ...timesOf(options),
  });
  const common = { config: config.instances, stateDir, store, secrets, registries, clock, logger, env };
  const { instances, metrics } = await openDaemonParts(reconciler, options, common);
  return {
    reconciler,
    instances,
    store,
    secrets,
    gitHost,
    users: config.users,
    proxies: config.proxies,
    execRight: config.execRight,
    sources: config.sources,
    metrics,
    checks: () => checksOf(reconciler),
    [Symbol.asyncDispose]: () => disposeInOrder([instances, reconciler, metrics, source, store]),
  };
}

/** One command may work on a checkout of what the daemon has from elsewhere, and asks no host. */
function hostOf(
  { ephemeral }: KombinatorOptions,
  open: Kombinator['gitHost'],
): Pick<ReconcilerOptions, 'gitHost' | 'hostSettings'> {
  const setup = ephemeral === true ? null : open();
  return setup === null ? {} : { gitHost: setup.host, hostSettings: setup.settings };
}

function limitsOf({
  folding,
  maxRemovals,
  signatures,
}: DaemonConfig): Pick<ReconcilerOptions, 'folding' | 'maxRemovals' | 'signatures'> {
  return { folding, maxRemovals, ...(signatures === null ? {} : { signatures }) };
}

function timesOf({
  resyncMs,
  stableMs,
  stackConcurrency,
}: KombinatorOptions): Pick<ReconcilerOptions, 'resyncMs' | 'stableMs' | 'stackConcurrency'> {
  return defined({ resyncMs, stableMs, stackConcurrency });
}

/** One command without the operator's configuration does not know what there is. */
async function openRendererFor(
  options: KombinatorOptions,
  { charts }: DaemonConfig,
  resolve: Secrets['resolve'],
): Promise<Pick<DesiredStateOptions, 'renderer'>> {
  if (options.ephemeral === true && options.config === undefined) return {};
  const { stateDir } = options;
  return { renderer: await openRenderer(charts, { stateDir, exclusive: isExclusive(options), resolve }) };
}

/** Tells whether nobody else applies on the state directory. */
function isExclusive({ exclusive, ephemeral }: KombinatorOptions): boolean {
  return exclusive ?? ephemeral !== true;
}

async function readConfig(
  { config, repo, source }: KombinatorOptions,
  checkSchema: SchemaCheck,
): Promise<DaemonConfig> {
  if (config === undefined) return NO_CONFIG;
  await refuseConfigOfAuthors(config, repo);
  const read = readDaemonConfig(config, checkSchema, source);
  for (const file of filesOf(read.signatures)) await refuseConfigOfAuthors(file, repo);
  return read;
}

function checksOf(reconciler: Reconciler): Record<string, string> {
  return {
    repository: reconciler.repository().error?.message ?? 'ok',
    database: reconciler.storeError() ?? 'ok',
  };
}

/** Parts that one command does without: they are loaded for those who use them. */
async function openDaemonParts(
  reconciler: Reconciler,
  { ephemeral, source }: KombinatorOptions,
  options: OpenInstancesOptions,
) {
  if (ephemeral === true) return { instances: null, metrics: null };
  const { openInstances } = await import('./open-instances.ts');
  const { createMetrics } = await import('./metrics.ts');
  const instances = source === undefined ? openInstances(options) : null;
  return { instances, metrics: createMetrics(reconciler, instances) };
}

const NO_CONFIG: DaemonConfig = {
  freeze: [],
  backups: {},
  instances: DEFAULT_INSTANCES,
  policy: homePolicy(),
  users: DEFAULT_USERS,
  builds: null,
  charts: null,
  proxies: [],
  importFrom: DEFAULT_IMPORT_FROM,
  execRight: 'admins',
  channels: [],
  gitHost: null,
  folding: DEFAULT_FOLDING,
  signatures: null,
  maxRemovals: null,
  sources: [],
};

/** Descriptions are told of places for backups that there are not. */
function policyOf({ policy, backups: { destinations = new Map() } }: DaemonConfig) {
  return { ...policy, backupDestinations: [...destinations.keys()].sort() };
}

function openBuilds({ builds }: DaemonConfig, options: KombinatorOptions, secrets: Secrets): BuildSetup {
  if (builds === null) return NO_BUILDS;
  const fetcher = createRepositoryFetcher({
    places: builds.places,
    directory: join(options.stateDir, 'builds', 'sources'),
    resolveSecret: (reference) => secrets.resolve(reference),
    clock: systemClock,
    logger: options.logger,
  });
  const planner =
    builds.planner === undefined
      ? null
      : createProgramPlanner({
          program: builds.planner,
          directory: join(options.stateDir, 'builds', 'plans'),
          env: options.env,
        });
  return { policy: builds, fetcher, planner };
}

function openImports(
  { importFrom: places }: DaemonConfig,
  { stateDir, logger }: KombinatorOptions,
  secrets: Secrets,
): RepositoryFetcher {
  return createRepositoryFetcher({
    places,
    setting: 'imports.from',
    maxPackBytes: MAX_IMPORT_BYTES,
    directory: join(stateDir, 'imports'),
    resolveSecret: (reference) => secrets.resolve(reference),
    clock: systemClock,
    logger,
  });
}

/** Largest repository that is imported from, in bytes. */
const MAX_IMPORT_BYTES = 256 * 1024 ** 2;

function openStore(options: KombinatorOptions, clock: Clock): Store {
  const { stateDir, logger } = options;
  const store = options.store ?? createSqliteStore({ path: join(stateDir, 'kombinator.db'), clock, logger });
  if (isExclusive(options)) closeInterrupted(store, clock, logger);
  return store;
}

function closeInterrupted(store: Store, clock: Clock, logger: Logger): void {
  store.closeAccesses(clock.now());
  const jobs = store.closeInterrupted(new Date(clock.now()).toISOString());
  if (jobs > 0) logger.warn({ jobs }, 'jobs were cut short when the process before this one ended');
}

/** Secrets from everywhere, and the registries whose credentials are in the vault. */
function openSecrets(options: KombinatorOptions) {
  const { stateDir, env, logger, secretProviders: providers = [] } = options;
  const commands = readCommands(stateDir, options.secretCommands ?? []);
  const vault = openVault(stateDir);
  const secrets = createSecrets({ stateDir, env, logger, commands, providers, vault });
  return { kept: createKeptRegistries(vault), secrets, vault };
}

/** Registries of `kombinator.yaml` with their passwords; one whose password cannot be found is left out and logged. */
function readRegistries(
  desired: DesiredState,
  secrets: Secrets,
  logger: Logger,
): readonly RegistryCredentials[] {
  return desired.settings().registries.flatMap(({ host, username, password }) => {
    try {
      return [{ host, username, password: secrets.resolve(password) }];
    } catch (error) {
      logger.warn({ registry: host, error: errorMessage(error) }, 'registry credentials cannot be used');
      return [];
    }
  });
}
