/** The public surface: what the API, the command line and embedding programs may use. */
import type { WorkTreeFiles } from './adapters/git/tracked-files.ts';
import type { Kombinator, KombinatorOptions } from './daemon/create-kombinator.ts';
import { ReconcilerError } from './base/errors.ts';
import type { FolderCommit } from './adapters/git/folder-repository.ts';
import type { FolderDraft, FolderRequest } from './ports/adopt/folder-draft.ts';
import type { SealedSecret, SealRequest } from './adapters/secrets/seal.ts';
import type { DaemonPlaces } from './daemon/operator/apart.ts';
import type { SourcePlace } from './daemon/operator/sources.ts';
import type { StateDirProblem } from './daemon/state-dir.ts';

export type * from './public/reconciler.ts';
export type * from './plan/plan.ts';
export type * from './ports/store.ts';
export type * from './ports/connection-log.ts';
export { REGISTRY_TYPES } from './model/registry-entry.ts';
export type * from './public/adopt/adoptions.ts';
export type { FolderDraft, FolderProject } from './ports/adopt/folder-draft.ts';
export type { HostFile, HostLimits, HostPath } from './ports/adopt/compose-projects.ts';
export type * from './public/builds.ts';
export type * from './public/diagnostics.ts';
export type * from './public/imports.ts';
export type * from './public/instances.ts';
export type * from './public/versions.ts';
export type * from './public/inventory.ts';
export type * from './ports/inventory/measures.ts';
export type * from './ports/inventory/images.ts';
export type * from './ports/inventory/run-stats.ts';
export type { Instance, InstancePort, InstanceStatus } from './pods/instance.ts';
export type * from './ports/target.ts';
export type * from './ports/target-capabilities.ts';
export { hasCapability, requireCapability } from './ports/target-capabilities.ts';
export type * from './ports/target-kind.ts';
export type { DescribedService, NodeKind, RenderedObject } from './model/node-kind.ts';
export type { ContainerSpec } from './model/docker/docker-spec.ts';
export type * from './model/notify/events.ts';
export type * from './ports/notifier.ts';
export type { ChannelView } from './public/notices.ts';
export type * from './ports/secret-provider.ts';
export type * from './ports/instance-records.ts';
export type * from './ports/accounts/user-records.ts';
export type * from './ports/accounts/audit-records.ts';
export type * from './ports/accounts/login-records.ts';
export type * from './public/users-config.ts';
export { DEFAULT_USERS } from './public/users-config.ts';
export { emailKey } from './ports/accounts/user-records.ts';
export type * from './model/resource.ts';
export { hashSpec } from './model/resource.ts';
export { maskSpec, Secret } from './model/secret.ts';
export type { Spec, SpecValue } from './model/secret.ts';
export { createWebhookNotifier } from './adapters/notifiers/webhook.ts';
export type { WebhookOptions } from './adapters/notifiers/webhook.ts';
export type { GitHost, GitHostKind, HookDelivery, HookNews } from './ports/hosts/git-host.ts';
export type { DeploymentTag } from './ports/source.ts';
export type { Diagnostic, Position } from './base/diagnostic.ts';
export type { Json, JsonObject } from './base/json.ts';
export { DIAGNOSTIC_CODES, ruleOf } from './base/diagnostic-codes.ts';
export { readRoot } from './model/git/source-root.ts';
export { ENVIRONMENTS, formatRelease, parseRelease, readRelease } from './model/release-tag.ts';
export type { Release } from './model/release-tag.ts';
export { formatDiagnostic, hasErrors } from './base/diagnostic.ts';
export { asFields, asList, asNumber, asString, asText, compareText, own } from './base/values.ts';
export { showLine, showText } from './base/shown-text.ts';
export { errorMessage, isReconcilerError, ReconcilerError } from './base/errors.ts';
export { idOf, newId } from './base/ids.ts';
export type { ErrorCode } from './base/errors.ts';
export type { Clock } from './ports/clock.ts';
export type { Logger } from './ports/logger.ts';
export { planDigest } from './plan/compare-plans.ts';
export { formatBytes } from './base/units.ts';
export { formatPlan, formatSummary, formatTotal } from './plan/format-plan.ts';
export { formatMarkdown } from './plan/text/markdown.ts';
export { formatValue, shortenHashes } from './plan/text/values.ts';
export { breakWord, partsOfWord } from './plan/text/lines.ts';
export { GENERATE_FORMATS } from './render/generate/generate.ts';
export type * from './model/generated.ts';
export { analyzeCompose } from './config/compose/graph/analyze-compose.ts';
export { writeWorkflow } from './config/compose/graph/write-workflow.ts';
export { addToOperatorFile } from './daemon/operator/operator-file.ts';
export { ignoreData } from './config/compose/import/ignore-file.ts';
export { importCompose } from './config/compose/import/import-compose.ts';
export type { Imported } from './config/compose/import/import-compose.ts';
export type { ImportNote } from './config/compose/import/import.ts';
export { readComposeFileVariable } from './config/compose/import/named-files.ts';
export type { TreeDirectory, TreeFile, TreeNode } from './config/file-tree.ts';
export { KIND_OF_TYPE } from './config/workflow/workflow.ts';
export { WORKFLOW_RULES } from './config/workflow/node-schemas.ts';
export type * from './model/workflow/connection.ts';
export { hasChanges, hasWork } from './plan/build-plan.ts';
export { findMovableSecret } from './run/write/move-secret.ts';
export type { MovableSecret } from './run/write/move-secret.ts';
export { isProblem } from './base/problem.ts';
export type { SealedSecret } from './adapters/secrets/seal.ts';
export type { GitHostSetup } from './daemon/hosts/host-setup.ts';
export type { SourcePlace } from './daemon/operator/sources.ts';
export { addressOf as sourceAddress, environmentOf as sourceEnvironment } from './daemon/operator/sources.ts';
export type { Kombinator, KombinatorOptions } from './daemon/create-kombinator.ts';

/**
 * Opens store and repository and puts a reconciler on real parts together. It acts only when asked until `reconciler.start()`.
 * The adapters and what they need are loaded here, so that whoever only wants the types and texts above starts fast.
 *
 * @throws BAD_OPTIONS, STORE_UNAVAILABLE, STORE_FULL
 */
export async function createKombinator(options: KombinatorOptions): Promise<Kombinator> {
  const daemon = await import('./daemon/create-kombinator.ts');
  return daemon.createKombinator(options);
}

/**
 * The Git work tree around a directory, and the files that Git knows in it; `null` outside of one.
 *
 * @param directory absolute path
 */
export async function findWorkTree(directory: string): Promise<WorkTreeFiles | null> {
  const git = await import('./adapters/git/tracked-files.ts');
  return git.findWorkTree(directory);
}

/**
 * Finds out whether commits could write into a state directory; `null`: they cannot. `createKombinator` refuses one that has such a problem.
 *
 * @param repo path or address
 */
export async function findStateDirProblem(stateDir: string, repo: string): Promise<StateDirProblem | null> {
  const daemon = await import('./daemon/state-dir.ts');
  return daemon.findStateDirProblem(stateDir, repo);
}

/** Reads the further config repositories that the operator's configuration names. Throws BAD_OPTIONS with every finding in it. */
export async function readSourcePlaces(config: string): Promise<readonly SourcePlace[]> {
  const [{ readDaemonConfig }, { registerKinds }] = await Promise.all([
    import('./daemon/daemon-config.ts'),
    import('./daemon/target-kinds.ts'),
  ]);
  return readDaemonConfig(config, (await registerKinds([])).checkSchema).sources;
}

/**
 * Finds out whether commits of any source could write what the operator decides.
 *
 * @throws BAD_OPTIONS with every problem
 */
export async function keepSourcesApart(sources: readonly SourcePlace[], places: DaemonPlaces): Promise<void> {
  const daemon = await import('./daemon/operator/apart.ts');
  return daemon.keepApart(sources, places);
}

/**
 * Encrypts a value with age into a file of a work tree, for the public keys that the repository names, else for the key of the state
 * directory, which is made when there is none.
 *
 * @throws BAD_OPTIONS
 */
export async function sealSecret(request: SealRequest): Promise<SealedSecret> {
  const secrets = await import('./adapters/secrets/seal.ts');
  return secrets.sealSecret(request);
}

/** Folder of Compose projects on this machine, and the state directory, whose age key seals what Git must not have in clear. */
export type InitRequest = Omit<FolderRequest, 'seal' | 'isIgnored'> & Pick<SealRequest, 'stateDir' | 'env'>;

/**
 * Puts together what makes a folder of Compose projects a repository; writes nothing but an age key where there is none.
 *
 * @throws BAD_OPTIONS where Git ignores what a stack needs; GIT_NOT_INSTALLED
 */
export async function draftFolder({ stateDir, env, ...request }: InitRequest): Promise<FolderDraft> {
  const [folder, git, secrets] = await Promise.all([
    import('./desired/adopt/draft-folder.ts'),
    import('./adapters/git/folder-repository.ts'),
    import('./adapters/secrets/seal.ts'),
  ]);
  const dotenv = request.projects.map(({ directory }) => (directory === '' ? '.env' : `${directory}/.env`));
  const ignored = await git.findIgnored(request.root, dotenv);
  const seal = secrets.createSealer({ stateDir, env });
  const draft = await folder.draftFolder({ ...request, seal, isIgnored: (path) => ignored.has(path) });
  const kept = [...(await git.findIgnored(request.root, draft.takes))];
  if (kept.length === 0) return draft;
  throw new ReconcilerError(
    'BAD_OPTIONS',
    `stacks need what Git is told to ignore: ${kept.join(', ')}; take it out of .gitignore, or mount it as something that may be written to`,
  );
}

/** Makes a folder a Git repository with the branch `main`. Throws GIT_NOT_INSTALLED, GIT_ERROR. */
export async function initFolder(root: string): Promise<void> {
  const git = await import('./adapters/git/folder-repository.ts');
  await git.initFolder(root);
}

/** Commits some files of a work tree, and nothing else that has changed in it. Throws GIT_NOT_INSTALLED, GIT_ERROR. */
export async function commitFolder(commit: FolderCommit): Promise<string> {
  const git = await import('./adapters/git/folder-repository.ts');
  return git.commitFolder(commit);
}
