import { compareText } from '../../base/values.ts';
import { isProblem } from '../../base/problem.ts';
import { directoryOf, isDirectory, listFiles, nodeAt } from '../../config/file-tree.ts';
import type { DescribingFile, DescribingFiles } from '../../ports/desired.ts';
import { locateDocument } from '../repository-state.ts';
import type { StackEntry } from '../stack-index.ts';
import { whyOfTemplate } from '../templates/expand-templates.ts';
import type { Core } from '../state.ts';
import { isWorkflowFile } from '../workflow.ts';
import { whyNoPath } from './written-path.ts';

/** Files of everybody: what they say is not one stack's to change. */
const SHARED = /^(?:kombinator\.ya?ml|\.sops\.ya?ml|(?:nodes|clusters|stackkits|plugins)\/.+)$/;

const YAML = /\.ya?ml$/;

/** Files that describe a stack, and where more of them may be. */
export function describing(core: Core, name: string): DescribingFiles | undefined {
  const entry = core.index.find(name);
  if (entry === undefined) return undefined;
  const { tree } = core.state;
  const directory = ownDirectory(core, entry);
  const watched = [...entry.watched, ...(entry.listed?.visited ?? [])];
  const named = new Set(watched.filter((path) => !isOthers(core, entry, path)));
  const around = directory === null ? [] : listFiles(nodeAt(tree, directory), directory);
  const paths = new Set([
    entry.file,
    ...[...named].filter((path) => isFile(core, path)),
    ...[...around].map(([path]) => path).filter((path) => !isOthers(core, entry, path)),
  ]);
  const secrets = new Set(entry.references.flatMap(({ file }) => (file === undefined ? [] : [file.path])));
  // Nobody knows which secrets a document names that cannot be read.
  if (entry.guessed) for (const path of paths) if (!YAML.test(path)) secrets.add(path);
  const files = [...paths].map((path) => toFile(core, entry, { path, secrets }));
  return {
    files: files.sort((a, b) => Number(b.isMain) - Number(a.isMain) || compareText(a.path, b.path)),
    whyNot(path) {
      if (entry.element !== undefined) return whyOfTemplate(name, entry.file, entry.element.name);
      const reason = whyNoPath(tree, path);
      if (reason !== null) return reason;
      if (path === entry.file || named.has(path)) return null;
      if (isOthers(core, entry, path)) return 'it belongs to others as well';
      if (directory !== null && path.startsWith(`${directory}/`)) return null;
      const where = directory === null ? '' : ` in ${directory}, nor one`;
      return `it is no file${where} that ${name} names`;
    },
  };
}

function toFile(
  { state }: Core,
  { file }: StackEntry,
  { path, secrets }: { readonly path: string; readonly secrets: ReadonlySet<string> },
): DescribingFile {
  const node = nodeAt(state.tree, path);
  const place = locateDocument(state.tree, path);
  const link = node !== undefined && 'link' in node ? node.link : undefined;
  const real = isProblem(place) ? path : place.path;
  return {
    path,
    blob: isProblem(place) ? null : place.blob,
    ...(link === undefined ? {} : { link }),
    isMain: path === file,
    holdsSecret: secrets.has(path) || secrets.has(real),
  };
}

/** The directory that is the stack's alone; `null`: there is none, others live in it or below it. */
function ownDirectory({ index, state }: Core, { file }: StackEntry): string | null {
  const directory = directoryOf(file);
  const node = nodeAt(state.tree, directory);
  if (isWorkflowFile(file) || directory === '' || SHARED.test(file) || !isDirectory(node)) return null;
  const others = [...listFiles(node, directory)].some(([path]) => path !== file && index.describes(path));
  return others ? null : directory;
}

function isFile({ state }: Core, path: string): boolean {
  const node = nodeAt(state.tree, path);
  return node !== undefined && !isDirectory(node) && node.type !== 'submodule';
}

/** Tells what another stack is described by, and what all are. */
function isOthers({ index }: Core, { file }: StackEntry, path: string): boolean {
  return SHARED.test(path) || (path !== file && index.describes(path));
}
