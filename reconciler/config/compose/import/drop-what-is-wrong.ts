import type { Diagnostic } from '../../../base/diagnostic.ts';
import type { DocumentPath } from '../../../base/document-path.ts';
import { analyze, toDiagnostics } from '../../kombination/analyze.ts';
import { isMapNode } from '../merge.ts';
import type { ComposeNode, MapNode } from '../node.ts';
import { child, list, withEntry } from '../node.ts';
import { treeOf } from './copies.ts';
import type { Import } from './import.ts';
import { insteadOfBuild, withoutBuild } from './import-service.ts';
import { FILE } from './read-project.ts';

/** Rounds of dropping: what is dropped may lay bare what did not count before. */
const MAX_DROP_ROUNDS = 6;

interface Checked {
  readonly text: string;
  /** Errors that are left. */
  readonly diagnostics: readonly Diagnostic[];
}

/** The text of a model; what a kombination cannot say is taken out and reported, until the rest is valid. */
export function dropWhatIsWrong(shared: Import, model: MapNode, write: (model: MapNode) => string): Checked {
  let rest = model;
  for (let round = 0; ; round += 1) {
    const text = write(rest);
    const { document, diagnostics } = check(shared, text);
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    const droppable = errors.filter(({ path }) => path.length > 1 && !isFixed(path));
    if (droppable.length === 0 || round === MAX_DROP_ROUNDS) {
      const warnings = diagnostics.filter(({ severity }) => severity === 'warning');
      for (const { path, message } of warnings) shared.note('changed', nodeAt(rest, path), message, path);
      return { text, diagnostics: toDiagnostics(FILE, document, errors) };
    }
    // The last ones go first, so that positions in lists stay right.
    for (const { path, message, hint } of droppable.toReversed()) {
      const reduced = without(rest, path[0] === 'services' ? path : path.slice(0, 2));
      if (!reduced) continue;
      const [, name = ''] = path;
      const service = child(rest, 'services', String(name));
      const isBuild =
        path[0] === 'services' && path[2] === 'build' && path.length === 3 && isMapNode(service);
      const more = isBuild ? insteadOfBuild(shared, String(name), service) : hint;
      shared.note('dropped', nodeAt(rest, path), more === undefined ? message : `${message} (${more})`, path);
      rest = isBuild ? withService(rest, String(name), withoutBuild(shared, String(name), service)) : reduced;
    }
  }
}

function withService(model: MapNode, name: string, service: MapNode): MapNode {
  const services = model.entries.get('services');
  return services?.kind === 'map' ? withEntry(model, 'services', withEntry(services, name, service)) : model;
}

/** A service goes as a whole only when it cannot be had without. */
function isFixed(path: DocumentPath): boolean {
  return path[0] === 'meta' || (path[0] === 'services' && path.length === 2);
}

function check({ copies, checkSchema }: Import, text: string) {
  const options = { file: FILE, text, tree: treeOf(copies), nodes: new Map(), checkSchema };
  const { document, diagnostics } = analyze(options);
  // Findings about other files, and variables, know their place only.
  const placed = diagnostics.map((diagnostic) => ({
    ...diagnostic,
    path: diagnostic.place?.path ?? diagnostic.path,
  }));
  return { document, diagnostics: placed };
}

/** The model without what is at a path, and without the list that it was alone in; `undefined` when nothing is there. */
function without(node: MapNode, path: DocumentPath): MapNode | undefined {
  const [key = '', ...rest] = path;
  const member = node.entries.get(String(key));
  if (!member) return undefined;
  if (rest.length === 0) return withEntry(node, String(key), undefined);
  const reduced = withoutInside(member, rest);
  const isEmptied = reduced?.kind === 'list' && reduced.items.length === 0;
  return reduced && withEntry(node, String(key), isEmptied ? undefined : reduced);
}

function withoutInside(node: ComposeNode, path: DocumentPath): ComposeNode | undefined {
  if (node.kind === 'map') return without(node, path);
  const [index, ...rest] = path;
  if (node.kind !== 'list' || typeof index !== 'number') return undefined;
  const item = node.items[index];
  if (!item) return undefined;
  const reduced = rest.length === 0 ? [] : [withoutInside(item, rest)];
  if (reduced.includes(undefined)) return undefined;
  return list(node.items.toSpliced(index, 1, ...reduced.filter((each) => each !== undefined)), node.origin);
}

/** Finds the node at a path, or the nearest thing around it that is there. */
function nodeAt(root: ComposeNode, path: DocumentPath): ComposeNode {
  let node = root;
  for (const key of path) {
    const next =
      node.kind === 'map'
        ? node.entries.get(String(key))
        : node.kind === 'list' && typeof key === 'number'
          ? node.items[key]
          : undefined;
    if (!next) break;
    node = next;
  }
  return node;
}
