import { checkContainers } from './checks/check-containers.ts';
import type { DependencyMap, PublishedPort } from './checks/check-kombination.ts';
import { checkReferences, publishedPorts } from './checks/check-kombination.ts';
import type { PlacedNeed } from './checks/check-policy.ts';
import { checkNeeds } from './checks/check-policy.ts';
import { checkSubnets } from './checks/check-subnets.ts';
import { checkDatabases } from './service/database.ts';
import { checkCluster } from './checks/check-cluster.ts';
import { clusterKey, onMachines, unknownCluster, withoutBuilds } from './cluster-node.ts';
import type { Diagnostic } from '../../base/diagnostic.ts';
import { shorten } from '../../base/diagnostic.ts';
import type { DocumentPath } from '../../base/document-path.ts';
import { formatPath } from '../../base/document-path.ts';
import { expandKit, kitsUsed } from '../kits/expand-kit.ts';
import type { ProxyClaim, ProxyPlaces } from '../kits/proxy-claim.ts';
import type { HookModel } from './read-hooks.ts';
import { readHooks } from './read-hooks.ts';
import type { FoundSecrets } from './checks/find-secrets.ts';
import { findSecrets } from './checks/find-secrets.ts';
import { checkPlainSecrets } from './checks/plain-secrets.ts';
import type { FoundBuilds, BuiltImage } from './checks/find-builds.ts';
import { findBuilds, withBuiltImages } from './checks/find-builds.ts';
import type { TreeDirectory } from '../file-tree.ts';
import { directoryOf } from '../file-tree.ts';
import type { DocumentDiagnostic, DiagnosticCollector } from '../../base/document-diagnostic.ts';
import { createDiagnosticCollector, manyMore } from '../../base/document-diagnostic.ts';
import type { KitCatalogue } from '../kits/kit-catalogue.ts';
import type { Kombination } from './kombination.ts';
import { suggest } from '../../base/nearest.ts';
import { addressesOverlap } from '../../model/docker/ports.ts';
import { readDocument, reportUnread, withFindings, withoutUnfilled, withUnset } from './read-document.ts';
import { readKombination } from './read-kombination.ts';
import type { SchemaCheck } from '../schema-check.ts';
import { checkSecretPlaces } from './secret-places.ts';
import type { FoundManifest } from './manifests/find-manifests.ts';
import { findManifests } from './manifests/find-manifests.ts';
import type { StackDependency } from './stack-dependencies.ts';
import { readStackDependencies } from './stack-dependencies.ts';
import type { FoundServiceFiles } from './checks/service-files.ts';
import { findServiceFiles } from './checks/service-files.ts';
import { withDataPlaces } from './service/data-places.ts';
import { withNamedNetworks } from './service/named-networks.ts';
import { withOwnContainers } from './service/own-containers.ts';
import type { OperatorPolicy } from '../../model/operator-policy.ts';
import { mayUse, OPEN_POLICY } from '../../model/operator-policy.ts';
import { refusedConnection } from '../../model/policy-connections.ts';
import type { TargetReference } from '../../model/target.ts';
import { targetKey } from '../../model/target.ts';
import type { TemplateElement } from '../templates/read-elements.ts';
import type { YamlDocument } from '../yaml-document.ts';

export interface AnalyzeOptions {
  /** Repository path of the kombination. */
  readonly file: string;
  readonly text: string;
  readonly tree: TreeDirectory;
  /** Shared nodes by name; `null` for one whose file has errors. */
  readonly nodes: ReadonlyMap<string, TargetReference | null>;
  /** Default: those that come along. */
  readonly kits?: KitCatalogue;
  /** Proxies of other stacks that routes lead through, by node. Default: none, the stack brings what it needs. */
  readonly places?: ProxyPlaces;
  readonly checkSchema: SchemaCheck;
  /** Texts of the repository that Compose files and their env files are read from, by blob id. Default: none. */
  readonly texts?: Pick<ReadonlyMap<string, string>, 'get'>;
  /** Default: everything is allowed. */
  readonly policy?: OperatorPolicy;
  /** Element that is filled in. Default: the text is no template. */
  readonly element?: TemplateElement;
}

/** Everything that can be known of a kombination without asking anybody: no secret is looked up, no file is read. */
export interface Analysis {
  /** The kombination with what it adopts from Compose files. */
  readonly document: YamlDocument;
  /** The kombination alone. */
  readonly written: YamlDocument;
  readonly kombination: Kombination;
  /** Names of services that come from Compose files. */
  readonly adopted: ReadonlySet<string>;
  readonly dependencies: DependencyMap;
  readonly targets: readonly TargetReference[];
  /** Names of shared nodes it refers to. */
  readonly sharedNodes: readonly string[];
  /** Names of kits as the document uses them. */
  readonly kits: readonly string[];
  /** Other stacks that come first. */
  readonly dependsOn: readonly StackDependency[];
  readonly hooks: readonly HookModel[];
  /** Proxies of its kit that it has or needs. */
  readonly proxies: readonly ProxyClaim[];
  readonly serviceFiles: FoundServiceFiles;
  /** Charts and overlays whose parts are there. */
  readonly manifests: readonly FoundManifest[];
  /** Images that the stack builds, by service. */
  readonly images: ReadonlyMap<string, BuiltImage>;
  readonly ports: readonly PublishedPort[];
  readonly secrets: FoundSecrets;
  /** The parts of it that reach out of its own containers. */
  readonly needs: readonly PlacedNeed[];
  readonly diagnostics: readonly DocumentDiagnostic[];
  /** Repository paths that the document rests on, besides its own. */
  readonly watched: readonly string[];
}

/** Reads one kombination and checks everything in it. Never throws. */
export function analyze(options: AnalyzeOptions): Analysis {
  const diagnostics = createDiagnosticCollector();
  const { document, written, composed, unfilled } = readDocument(options);
  if (document.value === null) reportEmpty(diagnostics);
  else if (document.value !== undefined)
    options.checkSchema('kombination', document.original ?? {}, diagnostics);
  for (const note of [...unfilled, ...document.notes]) diagnostics.add(note);
  if (composed) reportUnread(composed, written, diagnostics);
  checkSecretPlaces(document.value, diagnostics);
  const model = readKombination(document.value, diagnostics);
  const place = { tree: options.tree, directory: directoryOf(options.file), diagnostics };
  const expanded = withoutBuilds(expandKit(model, diagnostics, options.kits, options.places), diagnostics);
  const builds = findBuilds(onMachines(expanded), place);
  const named = withOwnContainers(withNamedNetworks(withBuiltImages(expanded, builds)));
  const { kombination, hooks } = placeAllData(named, document.value, { ...options, diagnostics });
  const names = new Set(model.services.map((service) => service.name));
  const dependencies = checkReferences(kombination, names, diagnostics);
  const oneOffs = hooks.map(({ service }) => service);
  checkReferences({ ...kombination, services: oneOffs }, names, diagnostics);
  checkContainers(onMachines(kombination), dependencies, diagnostics);
  checkSubnets(kombination.networks, diagnostics);
  checkDatabases(kombination, options.policy?.backupDestinations, diagnostics);
  const { targets, sharedNodes } = resolveTargets(kombination, options, diagnostics);
  const byName = new Map(targets.map((target) => [target.name, target]));
  const ports = publishedPorts(kombination, ({ node }) => {
    const target = byName.get(node);
    return target?.kind === 'docker' ? targetKey(target) : undefined;
  });
  checkPorts(ports, diagnostics);
  const all = { ...kombination, services: [...kombination.services, ...oneOffs] };
  checkCluster(kombination, all.services, diagnostics);
  checkPlainSecrets(all.services, { document, file: options.file }, diagnostics);
  const serviceFiles = withBuilds(findServiceFiles(all.services, place), builds);
  const { manifests, texts, watched } = findManifests(kombination, place);
  const templates = [...serviceFiles.templates.values(), texts].flat();
  const secrets = findSecrets(all, { ...place, templates });
  const needs = checkNeeds(options.policy, all, secrets.secrets, diagnostics);
  const found = withoutUnfilled(diagnostics.list, unfilled);
  return {
    document,
    written,
    kombination,
    adopted: composed?.adopted ?? new Set(),
    dependencies,
    targets,
    sharedNodes,
    kits: kitsUsed(model),
    dependsOn: readStackDependencies(document.value),
    proxies: kombination.proxies ?? [],
    serviceFiles,
    manifests,
    images: builds.images,
    ports,
    hooks,
    needs,
    secrets: composed ? withUnset(secrets, composed) : secrets,
    diagnostics: composed ? withFindings(composed, found) : found,
    watched: [...(composed?.watched ?? []), ...watched],
  };
}

/** Mounts of relative paths have their places before anything else is asked about them. */
function placeAllData(
  named: Kombination,
  document: unknown,
  { policy, diagnostics }: Pick<AnalyzeOptions, 'policy'> & { readonly diagnostics: DiagnosticCollector },
): Pick<Analysis, 'kombination' | 'hooks'> {
  const kombination = withDataPlaces(named, policy, diagnostics);
  const hooks = readHooks(document, kombination, diagnostics);
  const oneOffs = hooks.map(({ service }) => service);
  const placed = withDataPlaces({ ...kombination, services: oneOffs }, policy, diagnostics);
  return {
    kombination: { ...kombination, volumes: placed.volumes },
    hooks: hooks.map((hook, index) => ({ ...hook, service: placed.services[index] ?? hook.service })),
  };
}

function reportEmpty(diagnostics: DiagnosticCollector): void {
  diagnostics.error('EMPTY_DOCUMENT', [], 'the document is empty', {
    hint: 'it needs version: "1.0", meta: with the name of the stack, and services:',
  });
}

function withBuilds(files: FoundServiceFiles, builds: FoundBuilds): FoundServiceFiles {
  return {
    ...files,
    inline: new Map([...files.inline, ...builds.inline]),
    watched: new Set([...files.watched, ...builds.watched]),
  };
}

function resolveTargets(
  { name: stack, nodes }: Kombination,
  { nodes: shared, policy = OPEN_POLICY }: AnalyzeOptions,
  diagnostics: DiagnosticCollector,
): Pick<Analysis, 'targets' | 'sharedNodes'> {
  const targets: TargetReference[] = [];
  const sharedNodes: string[] = [];
  const isRefused = (key: string, path: DocumentPath): boolean => {
    const refused = !mayUse(policy, key, stack);
    if (refused) diagnostics.add(notForStack(key, stack, path));
    return refused;
  };
  for (const { name, connection, cluster, path } of nodes) {
    if (cluster) {
      sharedNodes.push(clusterKey(cluster.cluster));
      if (isRefused(clusterKey(cluster.cluster), [...path, 'cluster'])) continue;
      const reference = shared.get(clusterKey(cluster.cluster));
      if (reference) targets.push({ ...reference, name });
      else diagnostics.add(unknownCluster(cluster.cluster, shared, [...path, 'cluster']));
      continue;
    }
    if (connection) {
      const reference = { name, kind: 'docker', connection } as const;
      const refused = refusedConnection(policy, reference);
      if (refused)
        diagnostics.error('NOT_ALLOWED', [...path, 'connection'], refused.message, { hint: refused.hint });
      else targets.push(reference);
      continue;
    }
    sharedNodes.push(name);
    if (isRefused(name, [...path, 'name'])) continue;
    const reference = shared.get(name);
    if (reference) targets.push({ ...reference, name });
    else if (reference === null) {
      diagnostics.error('UNKNOWN_NODE', [...path, 'name'], `the file of the shared node ${name} has errors`);
    } else {
      const known = [...shared.keys()].filter((key) => !key.includes('/'));
      const hint = suggest(name, known) ?? `add a connection here, or a file nodes/${name}.yaml`;
      diagnostics.error(
        'UNKNOWN_NODE',
        [...path, 'name'],
        `${name} has no connection and is no shared node`,
        {
          hint,
        },
      );
    }
  }
  return { targets, sharedNodes };
}

/** The finding about a target of the operator's that is for other stacks. */
export function notForStack(key: string, stack: string, path: DocumentPath): DocumentDiagnostic {
  const [kind, name] = key.startsWith('clusters/')
    ? ['clusters', key.slice('clusters/'.length)]
    : ['engines', key];
  const message = `the operator has not given ${name} to ${stack}`;
  const hint = `a line of the operator's configuration allows it: ${stack} among the stacks of ${kind}.${name}`;
  return { severity: 'error', code: 'NOT_ALLOWED', path, message, hint };
}

function checkPorts(published: readonly PublishedPort[], diagnostics: DiagnosticCollector): void {
  const byKey = new Map<string, PublishedPort[]>();
  for (const port of published) {
    const others = byKey.get(port.key) ?? [];
    const other = others.find(({ hostIp }) => addressesOverlap(hostIp, port.hostIp));
    if (other) {
      const place = formatPath(other.path);
      const message = `port ${portOf(port)} of the node is published twice: ${other.service} has it already`;
      diagnostics.error('DUPLICATE_PORT', port.path, message, { hint: `first: ${place}` });
    }
    byKey.set(port.key, [...others, port]);
  }
}

/** `8080/tcp` */
export function portOf({ key }: PublishedPort): string {
  const [, protocol, port] = key.split('|').slice(-3);
  return `${port}/${protocol}`;
}

/** Findings with their lines. */
export function toDiagnostics(
  file: string,
  document: YamlDocument,
  diagnostics: readonly DocumentDiagnostic[],
): readonly Diagnostic[] {
  const syntax = document.problems.map(({ code, message, line, column, path }): Diagnostic => ({
    severity: 'error',
    code,
    message: shorten(message),
    file,
    line,
    column,
    path: shorten(formatPath(path)),
  }));
  return [
    ...syntax,
    ...withinReason(diagnostics).map((diagnostic) => toDiagnostic(file, document, diagnostic)),
  ];
}

/** Findings of a file that are listed; nobody reads more, and a document may be made to have any number. */
const MAX_LISTED = 200;

/** Errors come before warnings where not all can be listed. */
function withinReason(diagnostics: readonly DocumentDiagnostic[]): readonly DocumentDiagnostic[] {
  if (diagnostics.length <= MAX_LISTED) return diagnostics;
  const isError = ({ severity }: DocumentDiagnostic): boolean => severity === 'error';
  const errors = diagnostics.filter(isError);
  const kept = new Set([...errors, ...diagnostics.filter((one) => !isError(one))].slice(0, MAX_LISTED));
  const severity = errors.length > MAX_LISTED ? 'error' : 'warning';
  return [...diagnostics.filter((one) => kept.has(one)), manyMore(diagnostics.length - kept.size, severity)];
}

function toDiagnostic(file: string, document: YamlDocument, diagnostic: DocumentDiagnostic): Diagnostic {
  const { severity, code, message, path, hint, at = 'value' } = diagnostic;
  const found = diagnostic.place ?? document.position(path, at);
  const { line, column } = found;
  const place = { file: found.file ?? file, line, column, path: shorten(formatPath(found.path ?? path)) };
  return {
    severity,
    code,
    message: forElement(document, shorten(message)),
    ...place,
    ...(hint === undefined ? {} : { hint: shorten(hint) }),
  };
}

/** Findings of a template say which of its stacks they are about. */
function forElement({ element }: YamlDocument, message: string): string {
  return element === undefined ? message : `${message} (forEach: ${element})`;
}
