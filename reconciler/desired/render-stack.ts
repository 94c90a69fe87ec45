import type { Fault } from '../base/errors.ts';
import { contain } from '../base/errors.ts';
import type { Analysis, AnalyzeOptions } from '../config/kombination/analyze.ts';
import { analyze, toDiagnostics } from '../config/kombination/analyze.ts';
import { clusterKey } from '../config/kombination/cluster-node.ts';
import { readDocument } from '../config/kombination/read-document.ts';
import { serviceDependencies, startOrder } from '../config/kombination/checks/check-kombination.ts';
import type { Diagnostic } from '../base/diagnostic.ts';
import { compareDiagnostics, hasErrors } from '../base/diagnostic.ts';
import { backupPolicy, databaseSettings } from '../config/kombination/service/database.ts';
import type { SecretNeed } from '../config/kombination/checks/find-secrets.ts';
import { missingSecret } from '../config/kombination/checks/find-secrets.ts';
import type { DocumentDiagnostic } from '../base/document-diagnostic.ts';
import { numbersOf, portOfReplica } from '../config/kombination/replicas.ts';
import type { DesiredResource } from '../model/resource.ts';
import { sealResource } from '../model/resource.ts';
import { Secret } from '../model/secret.ts';
import type { SecretSource } from '../model/secret-reference.ts';
import type { DesiredStack, ServiceView, ShownStack, StackPolicy } from '../model/stack.ts';
import { DEFAULT_POLICY } from '../model/stack.ts';
import { defined } from '../base/values.ts';
import { portText } from '../render/container.ts';
import { renderExtensions } from '../render/extensions.ts';
import { renderHooks } from '../render/render-hooks.ts';
import { renderKombination, viewPlace } from '../render/kombination.ts';
import { withProjectLabels } from './adopt/project-labels.ts';
import { faultIn } from './build-entry.ts';
import type { Core } from './state.ts';
import type { StackEntry } from './stack-index.ts';
import {
  manifestDiagnostics,
  manifestSignature,
  renderStackManifests,
  unrenderedManifests,
} from './manifests/stack-manifests.ts';
import { withMakers } from './shared/shared-objects.ts';
import { openRegistries, passwordsFor } from './registries.ts';
import type { SecretAnswer } from './secret-cache.ts';
import { isWorkflowFile, placeDiagnostics, renderWorkflowStack } from './workflow.ts';

export type Lookup = (source: SecretSource) => SecretAnswer;

/** Looks up each secret once. */
export function createLookup({ secretCache }: Core): Lookup {
  const known = new Map<string, SecretAnswer>();
  return (source) => {
    const key = `${source.reference}\0${source.file?.blob ?? ''}`;
    if (!known.has(key)) known.set(key, secretCache.lookup(source));
    return known.get(key);
  };
}

/**
 * Finds what has to be said about secrets that cannot be had. A default stands in for one that is not there, never for one that cannot be
 * decrypted. Nothing is said of those that nobody has asked for yet.
 */
export function findMissing(needs: readonly SecretNeed[], lookup: Lookup): readonly DocumentDiagnostic[] {
  return needs.flatMap((need) => {
    const answer = lookup(need.source);
    if (answer === undefined || answer instanceof Secret) return [];
    return need.needed || need.unset || answer.code !== 'SECRET_NOT_FOUND'
      ? [missingSecret(need, answer)]
      : [];
  });
}

/** The policy of the repository. */
export function repositoryPolicy({ state }: Core): StackPolicy {
  return { ...DEFAULT_POLICY, ...state.settings.document.policy };
}

/** Returns the part of a stack that lists show, rendered only where nobody has done so before. */
export function showStack(core: Core, name: string): ShownStack | undefined {
  const entry = core.index.find(name);
  if (!entry) return undefined;
  const known = core.shown.get(entry.key);
  const isFresh =
    known?.entry === entry && known.signature === readSignature(core, entry, createLookup(core));
  return isFresh ? known.stack : renderStack(core, name);
}

function readSignature(core: Core, entry: StackEntry, lookup: Lookup): string {
  const passwords = passwordsFor(core, entry).map(({ source }) => source);
  const secrets = [...entry.references, ...passwords].map((source) => signatureOf(lookup(source))).join();
  return `${secrets}${manifestSignature(core, entry, lookup)}`;
}

/** A stack rendered with the secrets of this moment. */
export function renderStack(core: Core, name: string): DesiredStack | undefined {
  const entry = core.index.find(name);
  if (!entry) return undefined;
  const lookup = createLookup(core);
  const signature = readSignature(core, entry, lookup);
  const known = core.rendered.get(entry.key);
  if (known && known.entry === entry && known.signature === signature) return known.stack;
  const stack = contain(
    () => sealStack(core, buildStack(core, entry, lookup)),
    (fault) => brokenStack(core, entry, fault),
  );
  core.rendered.set(entry.key, { entry, signature, stack });
  core.shown.set(entry.key, { entry, signature, stack: toShown(stack) });
  return stack;
}

function toShown({ name, kind, file, stackkit, targets, services, diagnostics }: DesiredStack): ShownStack {
  return { name, kind, file, stackkit, targets, services, diagnostics };
}

/** Digests of what is masked leave the process with its key only. */
function sealStack({ seal }: Core, stack: DesiredStack): DesiredStack {
  if (seal === undefined) return stack;
  return { ...stack, resources: stack.resources.map((one) => sealResource(one, seal)) };
}

function signatureOf(answer: SecretAnswer): string {
  return answer instanceof Secret ? answer.digest() : (answer?.message ?? '-');
}

/** A stack at which something of ours failed: nothing is wanted of it, and nothing of it is touched. */
function brokenStack(core: Core, { name, file, diagnostics }: StackEntry, fault: Fault): DesiredStack {
  const found = [...diagnostics, faultIn(file, fault)].sort(compareDiagnostics);
  const kind = isWorkflowFile(file) ? ('workflow' as const) : ('kombination' as const);
  const policy = repositoryPolicy(core);
  return { ...NOTHING, name, kind, file, diagnostics: found, policy };
}

const NOTHING = {
  targets: [],
  services: [],
  resources: [],
  dependsOn: [],
  hooks: [],
  stackkit: '',
  document: null,
} as const;

function buildStack(core: Core, entry: StackEntry, lookup: Lookup): DesiredStack {
  const diagnostics = [
    ...settingsDiagnostics(core),
    ...targetDiagnostics(core, entry),
    ...entryDiagnostics(core, entry, lookup, manifestDiagnostics(core, entry, lookup)),
  ].sort(compareDiagnostics);
  const common = { ...placeOf(entry), kind: 'kombination' as const, diagnostics };
  const policy = repositoryPolicy(core);
  if (entry.text === null) return { ...common, ...NOTHING, policy };
  if (isWorkflowFile(entry.file)) {
    const rendered = renderWorkflowStack(core, entry, lookup, diagnostics);
    const resources = withPolicy(rendered.resources, policy);
    return { ...common, policy, kind: 'workflow', ...rendered, resources };
  }
  const analysis = analyzeEntry(core, entry, entry.text);
  for (const [blob, content] of analysis.serviceFiles.inline) core.inline.set(blob, content);
  const { kombination, targets, written, secrets } = analysis;
  const secretOf = (reference: string): Secret | undefined => {
    const source = secrets.sources.get(reference);
    const answer = source && lookup(source);
    return answer instanceof Secret ? answer : undefined;
  };
  const rendering = { analysis, file: entry.file, lookup: secretOf };
  const registries = entry.pulled ? openRegistries(core, lookup) : [];
  const contents = { ...rendering, content: contentOf(analysis, entry), registries };
  const invalid = hasErrors(diagnostics);
  const { kinds } = core;
  const rendered = renderExtensions(invalid ? [] : renderKombination(contents), {
    stack: entry.name,
    targets,
    kinds,
  });
  const others = rendered.resources;
  const manifests = renderStackManifests(core, { entry, analysis, lookup, others, invalid });
  const found = [...rendered.diagnostics, ...manifests.diagnostics];
  const own = { ...policy, ...kombination.policy };
  const labelling = { entry, analysis, secretOf };
  const all = withPolicy([...others, ...manifests.resources], own);
  const placed = withProjectLabels(core, all, labelling);
  const made = withMakers(placed, (key) => core.index.makerFor(entry, key), targets);
  const resources = hasErrors(found) ? [] : made;
  return {
    ...common,
    diagnostics: [...diagnostics, ...found],
    stackkit: kombination.stackkit,
    targets,
    services: [...viewServices(analysis, rendered.services), ...manifests.services],
    resources,
    hooks: invalid ? [] : renderHooks(contents, resources),
    dependsOn: core.index.dependenciesOf(entry),
    policy: own,
    ...backupPolicy(kombination),
    ...adoptedBy(kombination),
    document: written.value ?? null,
  };
}

function placeOf({ name, file, element }: StackEntry): Pick<DesiredStack, 'name' | 'file' | 'element'> {
  return { name, file, ...(element && { element: element.name }) };
}

function adoptedBy({ adopts }: Analysis['kombination']): Pick<DesiredStack, 'adopts'> {
  if (adopts === undefined) return {};
  const { path: _, ...project } = adopts;
  return { adopts: project };
}

/** Tells each object what the policy of its stack says about it. */
function withPolicy(
  resources: readonly DesiredResource[],
  { takeOver, ignoreDrift = [] }: StackPolicy,
): readonly DesiredResource[] {
  if (takeOver === undefined && ignoreDrift.length === 0) return resources;
  return resources.map((one) => {
    const ignored = ignoreDrift.filter(({ resource }) => resource === one.id).map(({ field }) => field);
    return defined({ ...one, takeOver, ignoreDrift: ignored.length === 0 ? undefined : ignored });
  });
}

function contentOf({ serviceFiles }: Analysis, { contents }: StackEntry): (blob: string) => Uint8Array {
  return (blob) => serviceFiles.inline.get(blob) ?? contents?.get(blob) ?? new Uint8Array();
}

function analyzeEntry(core: Core, entry: StackEntry, text: string): Analysis {
  const { tree, nodes, kits } = core.state;
  const { checkSchema } = core;
  return analyze({
    ...textsOf(entry),
    file: entry.file,
    text,
    tree,
    nodes: nodes.references,
    kits: kits.catalogue,
    checkSchema,
    policy: core.policy,
    ...placesOf(entry),
  });
}

/** Proxies of other stacks, as `analyze` takes them. */
export function placesOf({
  routesThrough,
}: Pick<StackEntry, 'routesThrough'>): Partial<Pick<AnalyzeOptions, 'places'>> {
  return routesThrough === undefined ? {} : { places: routesThrough };
}

/** Returns what an entry has read besides its own text, and what is filled in. */
export function textsOf({
  texts,
  element,
}: Pick<StackEntry, 'texts' | 'element'>): Pick<StackEntry, 'texts' | 'element'> {
  return { ...(texts && { texts }), ...(element && { element }) };
}

/** @param extended ids of resources on targets of registered kinds, by those that they had */
function viewServices(
  analysis: Analysis,
  extended: ReadonlyMap<string, string> = new Map(),
): readonly ServiceView[] {
  const { kombination, dependencies } = analysis;
  return kombination.services
    .filter((service) => service.partOf === undefined)
    .map((service) => {
      const { name, node, image = '', ports = [], replicas = 1 } = service;
      const { resource, single, open } = viewPlace(service, analysis);
      return {
        name,
        node,
        image,
        dependsOn: serviceDependencies(dependencies, name),
        ports: ports.flatMap((entry) => {
          const numbers = entry.lastHostPort === undefined ? [1] : numbersOf(service);
          const all = numbers.map((number) => portOfReplica(entry, number));
          return all.map(({ hostPort, hostIp, ...port }) =>
            portText(open ? defined({ ...port, hostPort, hostIp }) : port),
          );
        }),
        resource: extended.get(resource) ?? resource,
        ...(replicas === 1 || (single && replicas > 0) ? {} : { replicas }),
        ...databaseSettings(service, kombination),
      };
    });
}

/** Findings in the files of the nodes and clusters that an entry uses, where they keep it from using them. */
function targetDiagnostics({ state }: Core, { sharedNodes }: StackEntry): readonly Diagnostic[] {
  return [...state.nodes.documents].flatMap(([file, { name, reference, diagnostics }]) => {
    const key = file.startsWith('clusters/') ? clusterKey(name) : name;
    return reference === null && sharedNodes.includes(key) ? diagnostics : [];
  });
}

/** While nobody knows what the repository's settings are, nothing may be planned. */
function settingsDiagnostics({ state }: Core): readonly Diagnostic[] {
  return state.settings.unknown ? state.settings.diagnostics : [];
}

/** Findings of an entry: its own, those with other stacks, and secrets that are not there. */
function entryDiagnostics(
  core: Core,
  entry: StackEntry,
  lookup: Lookup,
  ofManifests: readonly DocumentDiagnostic[],
): readonly Diagnostic[] {
  const missing = findMissing([...entry.secrets, ...passwordsFor(core, entry)], lookup);
  const diagnostics: readonly DocumentDiagnostic[] = [
    ...core.index.conflictsOf(entry),
    ...missing,
    ...ofManifests,
  ];
  if (diagnostics.length === 0) return entry.diagnostics;
  if (isWorkflowFile(entry.file)) return [...entry.diagnostics, ...placeDiagnostics(entry, diagnostics)];
  // The text was parsed when it was loaded; only its lines are wanted now.
  const { tree } = core.state;
  const { document: read } = readDocument({
    ...textsOf(entry),
    file: entry.file,
    text: entry.text ?? '',
    tree,
  });
  const document = { ...read, problems: [] };
  return [...entry.diagnostics, ...toDiagnostics(entry.file, document, diagnostics)];
}

/** Every finding of every file, ordered. */
export function listDiagnostics(core: Core): readonly Diagnostic[] {
  const { settings, nodes, kits, plugins } = core.state;
  const lookup = createLookup(core);
  const all: Diagnostic[] = [...settings.diagnostics, ...kits.diagnostics];
  for (const { diagnostics } of nodes.documents.values()) all.push(...diagnostics);
  for (const { diagnostics } of plugins.documents.values()) all.push(...diagnostics);
  const templates = new Set<string>();
  for (const entry of core.index.notable()) {
    // The reason why a template is not read is told once, and not for each of its stacks.
    if (entry.key !== entry.file && entry.text === null) {
      if (templates.has(entry.file)) continue;
      templates.add(entry.file);
    }
    const found = contain(
      () => entryDiagnostics(core, entry, lookup, listedManifests(core, entry, lookup)),
      (fault) => [...entry.diagnostics, faultIn(entry.file, fault)],
    );
    all.push(...found);
  }
  return all.sort(compareDiagnostics);
}

/** Returns what a list says of charts and overlays: without an operator to ask, nothing is wrong with those that have not been rendered. */
function listedManifests(core: Core, entry: StackEntry, lookup: Lookup): readonly DocumentDiagnostic[] {
  return core.manifestCache.knowsOperator
    ? manifestDiagnostics(core, entry, lookup)
    : unrenderedManifests(core, entry);
}

/** Services in start order and what each depends on. */
export function summarise({ kombination, dependencies }: Analysis) {
  const services = startOrder(kombination, dependencies);
  return {
    services,
    dependencies: Object.fromEntries(services.map((name) => [name, serviceDependencies(dependencies, name)])),
  };
}

/** Content that stands in a document; found again in the text when it is no longer at hand. */
export function findInline(core: Core, blob: string): Uint8Array | undefined {
  const known = core.inline.get(blob);
  if (known) return known;
  const file = core.index.fileOfInline(blob);
  const entry = file === undefined ? undefined : core.index.entryOf(file);
  if (!entry || entry.text === null) return undefined;
  return analyzeEntry(core, entry, entry.text).serviceFiles.inline.get(blob);
}
