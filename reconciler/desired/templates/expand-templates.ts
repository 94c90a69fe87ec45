import type { Diagnostic } from '../../base/diagnostic.ts';
import { contain } from '../../base/errors.ts';
import { toDiagnostics } from '../../config/kombination/analyze.ts';
import type { ReadTemplate } from '../../config/templates/read-elements.ts';
import { mayBeTemplate, readTemplate } from '../../config/templates/read-elements.ts';
import { parseYaml } from '../../config/yaml-document.ts';
import { buildBrokenEntry } from '../build-entry.ts';
import type { Readable } from '../compose/read-compose-files.ts';
import type { StackIndex } from '../stack-index.ts';
import type { BuiltEntry, EntryContext, EntrySource } from '../state.ts';
import { isWorkflowFile } from '../workflow.ts';

/** Stacks that files describe: those whose text can be read on, and those of which only the name is known. */
export interface Expansion {
  readonly readable: readonly Readable[];
  readonly broken: readonly BuiltEntry[];
}

type Instances = Pick<StackIndex, 'instancesOf' | 'entryOf'>;

/** Key of an instance: nothing of a repository that is a kombination has such a path. */
export function keyOf(file: string, element: string): string {
  return `${file}#${element}`;
}

/** Reason why a stack of a template is not changed by itself. */
export function whyOfTemplate(name: string, file: string, element: string): string {
  return `${name} is a stack of the template ${file}, for its element ${element} (forEach): change that file, which describes others as well`;
}

/** Returns the file that a key is of. */
export function fileOfKey(key: string): string {
  return /^(.*(?:^|\/)kombination\.ya?ml)#[^/#]+$/.exec(key)?.[1] ?? key;
}

/** Names of nodes among all targets that the repository shares. */
export function nodeNames(nodes: EntryContext['nodes']): readonly string[] {
  return [...nodes.keys()].filter((name) => !name.includes('/'));
}

/** Reads the template that a text is; `null`: it describes one stack, or cannot be read. */
export function templateOf(file: string, text: string, nodes: EntryContext['nodes']): ReadTemplate | null {
  if (isWorkflowFile(file) || !mayBeTemplate(text)) return null;
  return contain(
    () => readTemplate(parseYaml(text), nodeNames(nodes)),
    () => null,
  );
}

/** Makes a stack for each element of texts that are templates. One that cannot be understood keeps the stacks that it had, so that none seems to be removed. */
export function expandTemplates(
  texts: readonly Readable[],
  { nodes }: Pick<EntryContext, 'nodes'>,
  index: Instances,
): Expansion {
  const readable: Readable[] = [];
  const broken: BuiltEntry[] = [];
  for (const one of texts) {
    const { source, text } = one;
    const { file } = source;
    const template = templateOf(file, text, nodes);
    const found = findingsOf(one, template, index);
    const common = { ...source, isOfAllNodes: template?.isOfAllNodes === true };
    if (found.length > 0) broken.push(...brokenEntries(common, found, index));
    else if (template === null) readable.push(one);
    else
      for (const element of template.elements) {
        const key = keyOf(file, element.name);
        const previous = index.entryOf(key)?.name;
        readable.push({ text, source: { ...common, key, element, previous } });
      }
  }
  return { readable, broken };
}

/** Returns what keeps a template from being understood. Nobody knows whether a text with errors of syntax still is one. */
function findingsOf(
  { source: { file }, text }: Readable,
  template: ReadTemplate | null,
  index: Instances,
): readonly Diagnostic[] {
  if (template !== null && template.diagnostics.length === 0) return [];
  if (template === null && index.instancesOf(file).length === 0) return [];
  const document = parseYaml(text);
  const isUnread = document.value === undefined;
  return template === null && !isUnread ? [] : toDiagnostics(file, document, template?.diagnostics ?? []);
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
