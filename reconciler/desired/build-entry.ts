import type { Fault } from '../base/errors.ts';
import { contain } from '../base/errors.ts';
import type { BuiltEntry, EntryContext, EntrySource } from './state.ts';
import type { Analysis } from '../config/kombination/analyze.ts';
import { analyze, toDiagnostics } from '../config/kombination/analyze.ts';
import { clusterOf } from '../config/kombination/cluster-node.ts';
import { readDocument } from '../config/kombination/read-document.ts';
import type { Diagnostic } from '../base/diagnostic.ts';
import type { TreeDirectory } from '../config/file-tree.ts';
import type { DocumentDiagnostic } from '../base/document-diagnostic.ts';
import type { PlacedFile } from '../config/kombination/checks/service-files.ts';
import { pulledImages } from '../config/kombination/pulled-images.ts';
import { guessStackName, isStackName } from '../config/kombination/stack-name.ts';
import type { Kombination, VolumeModel } from '../config/kombination/kombination.ts';
import { lookedUp } from './secret-cache.ts';
import { factsOf } from './stack-facts.ts';
import type { NamedKind, StackEntry } from './stack-index.ts';
import { ownNameKey } from './stack-index.ts';
import { sharedObjects } from './shared/shared-objects.ts';
import { placeClaims } from './shared/shared-proxies.ts';
import { pulledBy } from './registries.ts';
import { buildWorkflowEntry, isWorkflowFile } from './workflow.ts';

/** Never throws: what goes wrong with one stack is a finding about that one. */
export function buildEntry(source: EntrySource, text: string, context: EntryContext): BuiltEntry {
  return contain(
    () => readEntry(source, text, context),
    (fault) => buildBrokenEntry(source, fault),
  );
}

function readEntry(source: EntrySource, text: string, context: EntryContext): BuiltEntry {
  if (isWorkflowFile(source.file)) return buildWorkflowEntry(source, text, context);
  const { file, key = file, realFile, blob, visited, previous, texts, element, listed } = source;
  const read = { ...(texts && { texts }), ...(element && { element }) };
  const { tree, nodes, kits, checkSchema, policy } = context;
  const places = context.placesOf?.(key);
  const through = places === undefined || places.size === 0 ? {} : { places };
  const analysis = analyze({ tree, nodes, kits, checkSchema, policy, ...read, ...through, file, text });
  const { kombination, serviceFiles, document } = analysis;
  const certain = isStackName(kombination.name);
  const name = certain ? kombination.name : guessStackName(file, text, previous);
  const entry: StackEntry = {
    key,
    file,
    realFile,
    blob,
    text,
    ...read,
    ...(listed && { listed }),
    name,
    guessed: !certain,
    facts: factsOf({
      kind: 'kombination',
      name,
      file,
      services: kombination.services.map(({ image = '', ...service }) => ({ ...service, image })),
    }),
    diagnostics: toDiagnostics(file, document, analysis.diagnostics),
    ports: analysis.ports,
    watched: [
      ...new Set([...visited, ...serviceFiles.watched, ...analysis.secrets.watched, ...analysis.watched]),
    ],
    sharedNodes: withAllNodes(source, analysis.sharedNodes),
    kits: analysis.kits,
    dependsOn: analysis.dependsOn,
    inline: [...serviceFiles.inline.keys()],
    ...lookedUp(analysis.secrets, kombination.name, context.policy),
    ...pulledBy(pulledImages(analysis)),
    ...(analysis.manifests.length === 0 ? {} : { sources: analysis.secrets.sources }),
    ...namesOf(kombination),
    ...sharedObjects(analysis),
    ...placeClaims(analysis),
    ...(through.places === undefined ? {} : { routesThrough: through.places }),
    ...(kombination.adopts === undefined ? {} : { adopts: kombination.adopts.project }),
  };
  const placed = [...serviceFiles.files.values()].flat();
  const files = placed.filter(({ spec }) => !serviceFiles.inline.has(spec.blob));
  const embedded = findEmbedded(analysis);
  const { manifests } = analysis;
  return {
    entry,
    files,
    ...(embedded.size > 0 ? { embedded } : {}),
    ...(manifests.length > 0 ? { manifests } : {}),
  };
}

/** Names that are written out, of what is the stack's own: two of one name can only be told apart by who has it. */
function namesOf({ networks, volumes }: Kombination): Pick<StackEntry, 'ownNames'> {
  const written = (kind: NamedKind, models: Readonly<Record<string, NamedModel>>) =>
    Object.values(models).flatMap(({ name, external }) =>
      name === undefined || external === true ? [] : [ownNameKey(kind, name)],
    );
  const ownNames = [...new Set([...written('network', networks), ...written('volume', volumes)])];
  return ownNames.length === 0 ? {} : { ownNames };
}

type NamedModel = Pick<VolumeModel, 'name' | 'external'>;

function findEmbedded({
  kombination,
  hooks,
  serviceFiles,
}: Analysis): ReadonlyMap<string, readonly PlacedFile[]> {
  const services = [...kombination.services, ...hooks.map(({ service }) => service)];
  const onClusters = services.filter((service) => clusterOf(kombination, service) !== undefined);
  return new Map(
    onClusters.flatMap(({ name }) => {
      const files = serviceFiles.files.get(name) ?? [];
      return files.length > 0 ? [[name, files] as const] : [];
    }),
  );
}

/** An entry for a file whose text cannot be had. */
export function buildBrokenEntry(
  source: EntrySource,
  problem: Pick<Diagnostic, 'code' | 'message' | 'hint'>,
): BuiltEntry {
  const { file, key = file, realFile, blob, visited, previous, listed } = source;
  const name = guessStackName(file, null, previous);
  const kind = isWorkflowFile(file) ? 'workflow' : 'kombination';
  const entry: StackEntry = {
    key,
    file,
    realFile,
    blob,
    text: null,
    ...(listed && { listed }),
    name,
    guessed: true,
    facts: factsOf({ kind, name, file, services: [] }),
    diagnostics: [{ severity: 'error', file, line: 1, column: 1, path: '', ...problem }],
    ports: [],
    watched: visited,
    sharedNodes: withAllNodes(source, []),
    kits: [],
    dependsOn: [],
    inline: [],
    secrets: [],
    references: [],
  };
  return { entry, files: [] };
}

/** The entry with errors for files that are too large to be copied. */
export function withOversize(
  { entry, files }: BuiltEntry,
  sizes: ReadonlyMap<string, number>,
  { limit, tree }: { readonly limit: number; readonly tree: TreeDirectory },
): StackEntry {
  const diagnostics = files.flatMap(({ spec, path }): readonly DocumentDiagnostic[] => {
    const size = sizes.get(spec.blob);
    if (size === undefined) return [];
    const message = `the file for ${spec.target} has ${size} bytes; at most ${limit} are copied`;
    return [
      { severity: 'error', code: 'FILE_TOO_LARGE', path, message, hint: 'put it in an image or a volume' },
    ];
  });
  return withDiagnostics(entry, diagnostics, tree);
}

/** The entry with findings that only the content of other files tells. */
export function withDiagnostics(
  entry: StackEntry,
  diagnostics: readonly DocumentDiagnostic[],
  tree: TreeDirectory,
): StackEntry {
  const { file, text, texts = new Map(), element } = entry;
  if (diagnostics.length === 0 || text === null) return entry;
  const found = contain(
    () => {
      const { document } = readDocument({ file, text, tree, texts, ...(element && { element }) });
      return toDiagnostics(file, { ...document, problems: [] }, diagnostics);
    },
    (fault) => [faultIn(file, fault)],
  );
  return { ...entry, diagnostics: [...entry.diagnostics, ...found] };
}

/** Name among the nodes of a stack that stands for whichever there are. */
export const ALL_NODES = '*';

function withAllNodes({ isOfAllNodes = false }: EntrySource, nodes: readonly string[]): readonly string[] {
  return isOfAllNodes ? [...nodes, ALL_NODES] : nodes;
}

/** A fault of ours as a finding about a file. */
export function faultIn(file: string, fault: Fault): Diagnostic {
  return { severity: 'error', file, line: 1, column: 1, path: '', ...fault };
}
