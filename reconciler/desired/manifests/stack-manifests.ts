import type { Diagnostic } from '../../base/diagnostic.ts';
import type { Problem } from '../../base/problem.ts';
import type { DocumentDiagnostic } from '../../base/document-diagnostic.ts';
import { createDiagnosticCollector } from '../../base/document-diagnostic.ts';
import type { YamlDocument } from '../../config/yaml-document.ts';
import type { Analysis } from '../../config/kombination/analyze.ts';
import { toDiagnostics } from '../../config/kombination/analyze.ts';
import { checkPolicy } from '../../config/kombination/checks/check-policy.ts';
import type { FoundManifest } from '../../config/kombination/manifests/find-manifests.ts';
import { manifestTitle } from '../../config/kombination/manifests/manifest-model.ts';
import type { Need } from '../../model/operator-policy.ts';
import type { DesiredResource, ResourceId } from '../../model/resource.ts';
import { Secret } from '../../model/secret.ts';
import type { SecretSource } from '../../model/secret-reference.ts';
import type { ServiceView } from '../../model/stack.ts';
import { createPositionOf } from '../../render/names.ts';
import { renderManifests, viewManifests } from '../../render/kubernetes/manifests/render-manifests.ts';
import type { SecretAnswer } from '../secret-cache.ts';
import type { StackEntry } from '../stack-index.ts';
import type { Core } from '../state.ts';
import type { ManifestAnswer, ManifestOrder } from './manifest-cache.ts';
import { orderOf } from './manifest-cache.ts';
import type { ManifestSource } from './manifest-source.ts';

type Lookup = (source: SecretSource) => SecretAnswer;

/** Charts and overlays of an entry with the secrets of this moment; one whose secret is not there is left out. */
export function ordersOf({ manifests = [], sources }: StackEntry, lookup: Lookup): readonly ManifestOrder[] {
  const secretOf = (reference: string): Secret | undefined => {
    const source = sources?.get(reference);
    const answer = source && lookup(source);
    return answer instanceof Secret ? answer : undefined;
  };
  return manifests.flatMap((one) => orderOf(one, secretOf) ?? []);
}

/** Differs whenever something else is rendered of an entry. */
export function manifestSignature(core: Core, entry: StackEntry, lookup: Lookup): string {
  if (entry.manifests === undefined) return '';
  return ordersOf(entry, lookup)
    .map((order) => `${order.key}${stateOf(core.manifestCache.lookup(order))}`)
    .join();
}

function stateOf(answer: ManifestAnswer | undefined): string {
  if (answer === undefined) return '-';
  return 'failure' in answer ? answer.failure.problem : '+';
}

/** Returns what has to be said of the charts and overlays of an entry. */
export function manifestDiagnostics(
  core: Core,
  entry: StackEntry,
  lookup: Lookup,
): readonly DocumentDiagnostic[] {
  const { manifests = [], name } = entry;
  if (manifests.length === 0) return [];
  const orders = new Map(ordersOf(entry, lookup).map((order) => [order.source, order]));
  const collector = createDiagnosticCollector();
  for (const source of manifests) {
    const { model } = source;
    const refused = core.manifestCache.whyNot(source);
    const order = orders.get(source);
    const answer = order && core.manifestCache.lookup(order);
    const problems = refused === null ? problemsOf(source, answer) : [refused];
    // One without its secrets has a finding already.
    if (order === undefined && refused === null && lacksSecret(entry, lookup)) continue;
    for (const { code = 'RENDER_FAILED', problem, hint } of problems)
      collector.error(code, placeOf(source, code), problem, { hint, at: 'key' });
    if (answer === undefined || 'failure' in answer) continue;
    const needs = answer.needs.map((need) => ({ ...need, path: model.path }));
    checkPolicy(core.policy, name, needs, collector);
  }
  return collector.list;
}

/** Parts in which what was rendered of an entry reaches out of its own pods. */
export function manifestNeeds(core: Core, entry: StackEntry, lookup: Lookup): readonly Need[] {
  if (entry.manifests === undefined) return [];
  return ordersOf(entry, lookup).flatMap((order) => {
    const answer = core.manifestCache.lookup(order);
    return answer && 'needs' in answer ? answer.needs : [];
  });
}

/** Says that charts and overlays of a text have not been rendered: programs are run for what is committed. */
export function unrenderedManifests(
  { manifestCache }: Core,
  { manifests = [] }: { readonly manifests?: readonly FoundManifest[] },
): readonly DocumentDiagnostic[] {
  return manifests.map(({ model }): DocumentDiagnostic => {
    const refused = manifestCache.hasRenderer ? manifestCache.whyNot({ model }) : null;
    const common = { path: model.path, at: 'key' } as const;
    if (refused !== null) {
      const { code = 'NOT_ALLOWED', problem: message, hint } = refused;
      return { ...common, severity: 'error', code, message, ...(hint === undefined ? {} : { hint }) };
    }
    const message = `${manifestTitle(model)} was not rendered, so what it makes has not been checked`;
    const hint = 'plan tells, where the operator has set up the programs for it';
    return { ...common, severity: 'warning', code: 'NOT_RENDERED', message, hint };
  });
}

/** One that has not been rendered makes nothing: without a finding, all that it has would be removed. */
function problemsOf({ model }: ManifestSource, answer: ManifestAnswer | undefined): readonly Problem[] {
  if (answer === undefined) {
    const problem = `${manifestTitle(model)} has not been rendered yet`;
    return [{ problem, hint: 'it is rendered when the stack is planned' }];
  }
  return 'failure' in answer ? [answer.failure] : answer.problems;
}

function lacksSecret({ sources = new Map() }: StackEntry, lookup: Lookup): boolean {
  return [...sources.values()].some((source) => {
    const answer = lookup(source);
    return answer !== undefined && !(answer instanceof Secret);
  });
}

/** An address that is not allowed has a line of its own. */
function placeOf({ model }: ManifestSource, code: string) {
  if (code !== 'NOT_ALLOWED' || model.kind !== 'chart' || model.place.type !== 'archive') return model.path;
  return [...model.path, model.place.archive.address.startsWith('oci://') ? 'chart' : 'repository'];
}

export interface RenderedManifests {
  readonly resources: readonly DesiredResource[];
  readonly services: readonly ServiceView[];
  readonly diagnostics: readonly Diagnostic[];
}

interface RenderOptions {
  readonly entry: StackEntry;
  readonly analysis: Analysis;
  readonly lookup: Lookup;
  /** The resources that the stack has besides. */
  readonly others: readonly DesiredResource[];
  /** The stack has errors: nothing is wanted of it. */
  readonly invalid: boolean;
}

/** The resources of the charts and overlays of a stack. */
export function renderStackManifests(
  core: Core,
  { entry, analysis, lookup, others, invalid }: RenderOptions,
): RenderedManifests {
  if (invalid || entry.manifests === undefined) return { resources: [], services: [], diagnostics: [] };
  const positionOf = createPositionOf(analysis.document, entry.file);
  const placed = ordersOf(entry, lookup).flatMap((order) => {
    const answer = core.manifestCache.lookup(order);
    if (answer === undefined || 'failure' in answer) return [];
    const { node, model } = order.source;
    return [{ target: node, origin: positionOf(model.path), objects: answer.objects().objects, model }];
  });
  const rendered = renderManifests(placed);
  const known = new Map(others.map((one) => [one.id, one]));
  const resources = rendered.filter(({ id, shared }) => shared !== true || !known.has(id));
  const names = new Set(analysis.kombination.services.map(({ name }) => name));
  return {
    resources,
    services: viewManifests(resources, names),
    diagnostics: findDuplicates(resources, known, { entry, document: analysis.document }),
  };
}

/** Two of one name would take each other's place. */
function findDuplicates(
  resources: readonly DesiredResource[],
  others: ReadonlyMap<ResourceId, DesiredResource>,
  { entry, document }: { readonly entry: StackEntry; readonly document: YamlDocument },
): readonly Diagnostic[] {
  const seen = new Map(others);
  return resources.flatMap((one) => {
    const other = seen.get(one.id);
    seen.set(one.id, one);
    if (other === undefined || other.shared === true) return [];
    const message = `${one.kind} ${one.name} is also described in line ${other.origin.line}`;
    const { line, column } = one.origin;
    const [diagnostic] = toDiagnostics(entry.file, { ...document, problems: [] }, [
      { severity: 'error', code: 'DUPLICATE_OBJECT', path: [], message, place: { line, column, path: [] } },
    ]);
    return diagnostic ? [diagnostic] : [];
  });
}
