import type { Diagnostic } from '../../base/diagnostic.ts';
import { contain } from '../../base/errors.ts';
import { toDiagnostics } from '../../config/kombination/analyze.ts';
import type { ElementList, ReadTemplate } from '../../config/templates/read-elements.ts';
import { mayBeTemplate, readTemplate } from '../../config/templates/read-elements.ts';
import type { YamlDocument } from '../../config/yaml-document.ts';
import { parseYaml } from '../../config/yaml-document.ts';
import { buildBrokenEntry } from '../build-entry.ts';
import type { Readable } from '../compose/read-compose-files.ts';
import type { StackIndex } from '../stack-index.ts';
import type { BuiltEntry, EntryContext, EntrySource } from '../state.ts';
import { isWorkflowFile } from '../workflow.ts';
import type { PlacedList } from './element-lists.ts';

/** Stacks that files describe: those whose text can be read on, and those of which only the name is known. */
export interface Expansion {
  readonly readable: readonly Readable[];
  readonly broken: readonly BuiltEntry[];
  /** Stacks of templates that cannot be understood as a whole: what is wrong with these is told besides. */
  readonly doubtful: readonly Readable[];
}

/** Elements of a template that is broken whose findings are told. */
const MAX_DOUBTFUL = 50;

type Instances = Pick<StackIndex, 'instancesOf' | 'entryOf'>;

/** Key of an instance: nothing of a repository that is a kombination has such a path. */
export function keyOf(file: string, element: string): string {
  return `${file}#${element}`;
}

/** Reason why a stack of a template is not changed by itself. */
export function whyOfTemplate(name: string, file: string, element: string): string {
  return `${name} is a stack of the template ${file}, for its element ${element} (forEach): change that file, which describes others as well`;
}

/** Key of no stack: it stands for those of a template whose elements have changed in a file of their own. */
export function relistedKey(file: string): string {
  return `${file}#`;
}

/** Returns the file that a key is of. */
export function fileOfKey(key: string): string {
  return /^(.*(?:^|\/)kombination\.ya?ml)#[^/#]*$/.exec(key)?.[1] ?? key;
}

/** Names of nodes among all targets that the repository shares. */
export function nodeNames(nodes: EntryContext['nodes']): readonly string[] {
  return [...nodes.keys()].filter((name) => !name.includes('/'));
}

/** Sources that a template takes its elements from. */
interface Elements {
  readonly nodes: EntryContext['nodes'];
  readonly list?: ElementList | undefined;
}

/** Reads the template that a text is; `null`: it describes one stack, or cannot be read. */
export function templateOf(file: string, text: string, { nodes, list }: Elements): ReadTemplate | null {
  if (isWorkflowFile(file) || !mayBeTemplate(text)) return null;
  return contain(
    () => readTemplate(parseYaml(text), { nodes: nodeNames(nodes), list }),
    () => null,
  );
}

/** Returns what is wrong with the elements of a template, each finding in the file where it stands. */
export function elementFindings(
  file: string,
  document: YamlDocument,
  { diagnostics, listDiagnostics }: ReadTemplate,
  list: ElementList | undefined,
): readonly Diagnostic[] {
  const ofList =
    list === undefined || 'problem' in list ? [] : toDiagnostics(list.file, list.document, listDiagnostics);
  return diagnostics.length + ofList.length === 0
    ? []
    : [...toDiagnostics(file, document, diagnostics), ...ofList];
}

/** Findings, each place and kind once: several stacks of a template have the same. */
export function withoutRepeats(found: readonly Diagnostic[]): readonly Diagnostic[] {
  const known = new Map<string, Diagnostic>();
  for (const one of found) {
    const key = JSON.stringify([one.file, one.line, one.column, one.code]);
    if (!known.has(key)) known.set(key, one);
  }
  return [...known.values()];
}

/** Makes a stack for each element of texts that are templates. One that cannot be understood keeps the stacks that it had, so that none seems to be removed. */
export function expandTemplates(
  texts: readonly Readable[],
  { nodes }: Pick<EntryContext, 'nodes'>,
  { index, lists }: { readonly index: Instances; readonly lists: ReadonlyMap<string, PlacedList> },
): Expansion {
  const readable: Readable[] = [];
  const broken: BuiltEntry[] = [];
  const doubtful: Readable[] = [];
  for (const one of texts) {
    const { source, text } = one;
    const { file } = source;
    const { list, listed } = lists.get(file) ?? {};
    const template = templateOf(file, text, { nodes, list });
    const found = findingsOf(one, { template, list }, index);
    const [first] = template?.elements ?? [];
    const common: EntrySource = {
      ...source,
      isOfAllNodes: template?.isOfAllNodes === true,
      ...(listed && { listed: { ...listed, ...(first && { first: keyOf(file, first.name) }) } }),
    };
    const stacks = (template?.elements ?? []).map((element): Readable => {
      const key = keyOf(file, element.name);
      return { text, source: { ...common, key, element, previous: index.entryOf(key)?.name } };
    });
    if (found.length > 0) {
      broken.push(...brokenEntries(common, found, index));
      doubtful.push(...stacks.slice(0, MAX_DOUBTFUL));
    } else if (template === null) readable.push(one);
    else readable.push(...stacks);
  }
  return { readable, broken, doubtful };
}

/** Broken entries with what is wrong with the stacks that could be read of their templates. */
export function withDoubtful(
  broken: readonly BuiltEntry[],
  doubtful: readonly BuiltEntry[],
): readonly BuiltEntry[] {
  const more = Map.groupBy(doubtful, ({ entry }) => entry.file);
  return broken.map((one) => {
    const found = (more.get(one.entry.file) ?? []).flatMap(({ entry }) => entry.diagnostics);
    const diagnostics = withoutRepeats([...one.entry.diagnostics, ...found]);
    return found.length === 0 ? one : { ...one, entry: { ...one.entry, diagnostics } };
  });
}

interface Understood {
  readonly template: ReadTemplate | null;
  readonly list: ElementList | undefined;
}

/** Returns what keeps a template from being understood. Nobody knows whether a text with errors of syntax still is one. */
function findingsOf(
  { source: { file }, text }: Readable,
  { template, list }: Understood,
  index: Instances,
): readonly Diagnostic[] {
  if (template !== null) return elementFindings(file, parseYaml(text), template, list);
  if (index.instancesOf(file).length === 0) return [];
  const document = parseYaml(text);
  return document.value === undefined ? toDiagnostics(file, document, []) : [];
}

/** Entries for a file whose stacks nobody can tell: for each that it described before, else for the file. */
export function brokenEntries(
  source: EntrySource,
  diagnostics: readonly [Pick<Diagnostic, 'code' | 'message'>] | readonly Diagnostic[],
  index: Instances,
): readonly BuiltEntry[] {
  const known = index.instancesOf(source.file);
  const sources =
    known.length === 0
      ? [source]
      : known.map((key) => ({ ...source, key, previous: index.entryOf(key)?.name }));
  const [first] = diagnostics;
  if (first === undefined) throw new Error('internal: a file is broken for a reason');
  return sources.map((one) => {
    const { entry, files } = buildBrokenEntry(one, first);
    const placed = diagnostics.map((found) => ({ ...entry.diagnostics[0], ...found }) as Diagnostic);
    return { entry: { ...entry, diagnostics: placed }, files };
  });
}
