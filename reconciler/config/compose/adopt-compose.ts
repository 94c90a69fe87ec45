import type { DocumentPath } from '../../base/document-path.ts';
import { formatPath } from '../../base/document-path.ts';
import type { TreeDirectory } from '../file-tree.ts';
import { directoryOf } from '../file-tree.ts';
import type { DocumentDiagnostic } from '../../base/document-diagnostic.ts';
import type { YamlDocument } from '../yaml-document.ts';
import { placeBinds } from './binds.ts';
import { coerceScalars } from './coerce.ts';
import { ADOPTED } from './interpolate-nodes.ts';
import { loadSet, MACHINE, readEnvironment } from './load.ts';
import { resolveComposePath } from './compose-path.ts';
import { isMapNode, mergeNodes, settle, toSequence } from './merge.ts';
import type { ComposeNode, MapNode, Origin } from './node.ts';
import { child, entriesOf, placeInside, readNodes, textOf, toPlain, withEntry } from './node.ts';
import { normaliseDocument, withProfiles } from './normalise.ts';
import type { Environment, Project, Texts } from './project.ts';
import { loadOverlay } from './overlay.ts';
import { createProject } from './project.ts';
import { adoptsCompose } from './speaks-compose.ts';

export interface ComposeOptions {
  /** Repository path of the kombination. */
  readonly file: string;
  readonly document: YamlDocument;
  readonly tree: TreeDirectory;
  /** Texts of the repository by blob id, as far as they have been read. */
  readonly texts: Texts;
}

/** A kombination with all that its words of Compose stand for. */
export interface ComposedDocument {
  /** Values and places of all files together. */
  readonly document: YamlDocument;
  /** Texts without which the result is not complete, by blob id. */
  readonly missing: readonly string[];
  /** Repository paths that the result rests on. */
  readonly watched: readonly string[];
  /** Names of services that Compose files describe, not only the kombination itself. */
  readonly adopted: ReadonlySet<string>;
  readonly diagnostics: readonly DocumentDiagnostic[];
  /** Variables that are not set, by the path of the value that asks for them: empty unless there is a secret. */
  readonly unset: ReadonlyMap<string, ReadonlySet<string>>;
  /** Words of the author about variables that must be set, by the path of the value that asks for them and by name. */
  readonly demands: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

/**
 * A kombination and the Compose files it names as one document, in the words of a kombination, with variables, env files
 * and the like filled in. What the kombination says itself is merged over the files. Pure: texts that are not at hand are named in `missing`.
 * `kombinator import`, which writes a kombination once: import/import-compose.ts.
 */
export function composeDocument(options: ComposeOptions): ComposedDocument {
  const { file, document } = options;
  const directory = directoryOf(file);
  const kombination = readNodes({ path: file, base: directory, document, isKombination: true });
  const project = createProject({
    ...options,
    directory,
    adopts: adoptsCompose(document),
    name: textOf(child(kombination, 'meta', 'name')) ?? '',
    variables: ADOPTED,
  });
  const composed = isMapNode(kombination) ? compose(project, kombination) : undefined;
  return {
    document: composed ? join(document, composed) : document,
    missing: [...project.missing],
    watched: [...project.watched],
    adopted: project.adopted,
    // Nobody knows what a file sets before it is read.
    diagnostics:
      project.missing.size === 0
        ? project.diagnostics
        : project.diagnostics.filter(({ code }) => !ABOUT_VARIABLES.has(code)),
    unset: findAsking(project.unset, composed),
    demands: findAsking(project.demands, composed),
  };
}

const ABOUT_VARIABLES = new Set(['UNRESOLVED_VARIABLE', 'UNSET_VARIABLE']);

function join(document: YamlDocument, root: ComposeNode): YamlDocument {
  return {
    value: toPlain(root),
    problems: document.problems,
    position: (path, at) => placeInside(root, path, at),
  };
}

function compose(project: Project, kombination: MapNode): MapNode {
  const files = kombination.entries.get('compose');
  const paths = (files ? toSequence(files).items : []).flatMap((node) => {
    const path = resolveComposePath(project, project.directory, node);
    return path === undefined ? [] : [{ path, source: node }];
  });
  const [first] = paths;
  const base = first ? directoryOf(first.path) : project.directory;
  const environment = readEnvironment(project, variablesOf(project, kombination), {
    base,
    source: kombination,
  });
  const model = loadSet(project, { paths, base, environment, includeChain: [] });
  const adopted = model && takeOut(project, model);
  const written = loadOverlay(project, kombination, overlayEnvironment(environment));
  const merged = (adopted ? mergeNodes(adopted, written) : settle(written)) ?? written;
  const coerced = coerceScalars(project, isMapNode(merged) ? withProfiles(merged, environment) : kombination);
  return isMapNode(coerced) ? normaliseDocument(project, coerced, { environment, placeBinds }) : kombination;
}

/** `variables` of the kombination go before `.env`. */
function variablesOf(project: Project, kombination: MapNode): readonly (readonly [string, string])[] {
  return [
    ['COMPOSE_PROJECT_NAME', project.name],
    ...entriesOf(kombination.entries.get('variables')).map(
      ([name, node]) => [name, textOf(node) ?? ''] as const,
    ),
  ];
}

/** Returns the environment without what stands for the author's machine: it would mean nothing in a kombination. */
function overlayEnvironment(environment: Environment): Environment {
  return new Map([...environment].filter(([name, value]) => value !== MACHINE.get(name)));
}

/** Keys that only count in a Compose file. */
function takeOut(project: Project, model: MapNode): MapNode {
  const { entries } = model;
  const version = entries.get('version');
  if (version) {
    project.warning('OBSOLETE_KEY', version, 'version has no effect: the Compose Specification has none', {
      at: 'key',
    });
  }
  const name = entries.get('name');
  if (name && textOf(name) !== project.name) {
    const message = `name has no effect: the stack is called ${project.name}, as its kombination says`;
    project.warning('UNSUPPORTED_KEY', name, message, { at: 'key' });
  }
  return withEntry(withEntry(model, 'version', undefined), 'name', undefined);
}

/** Values of the finished document that ask for variables nobody sets. */
function findAsking<T>(demands: ReadonlyMap<Origin, T>, root: MapNode | undefined): ReadonlyMap<string, T> {
  const found = new Map<string, T>();
  const visit = (node: ComposeNode | undefined, path: DocumentPath): void => {
    const known = node && demands.get(node.origin);
    if (known) found.set(formatPath(path), known);
  };
  for (const [name, service] of entriesOf(child(root, 'services'))) {
    for (const [key, node] of entriesOf(child(service, 'environment'))) {
      visit(node, ['services', name, 'environment', key]);
    }
    const files = child(service, 'files');
    for (const [index, file] of (files?.kind === 'list' ? files.items : []).entries()) {
      visit(child(file, 'content'), ['services', name, 'files', index, 'content']);
    }
  }
  return found;
}
