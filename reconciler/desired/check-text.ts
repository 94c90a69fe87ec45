import type { DescribedKind } from '../model/stack.ts';
import type { Analysis } from '../config/kombination/analyze.ts';
import { analyze, toDiagnostics } from '../config/kombination/analyze.ts';
import { readNodeDocument } from '../config/fleet/config-documents.ts';
import type { Diagnostic } from '../base/diagnostic.ts';
import { compareDiagnostics, formatDiagnostic } from '../base/diagnostic.ts';
import { formatPath } from '../base/document-path.ts';
import { ReconcilerError } from '../base/errors.ts';
import { directoryOf, isDirectory, listFiles, nodeAt } from '../config/file-tree.ts';
import { pulledImages } from '../config/kombination/pulled-images.ts';
import { parseYaml } from '../config/yaml-document.ts';
import { isStackName, peekStackName } from '../config/kombination/stack-name.ts';
import { compareText } from '../base/values.ts';
import type { DocumentReport, Draft } from '../ports/desired.ts';
import type { GeneratedStack, GenerateRequest } from '../model/generated.ts';
import { listAt } from './templates/element-lists.ts';
import {
  elementFindings,
  keyOf,
  templateOf,
  whyOfTemplate,
  withoutRepeats,
} from './templates/expand-templates.ts';
import type { ElementList, ReadTemplate, TemplateElement } from '../config/templates/read-elements.ts';
import type { StackEntry } from './stack-index.ts';
import type { Core } from './state.ts';
import { besideOf, isComposeStack } from './compose/compose-stacks.ts';
import { buildStackText, buildText, editText } from './text/document-text.ts';
import { passwordsFor } from './registries.ts';
import { checkWorkflow, isWorkflowFile } from './workflow.ts';
import { lookedUp } from './secret-cache.ts';
import { createLookup, findMissing, summarise, textsOf } from './render-stack.ts';
import { generateStack } from './generate-stack.ts';
import { unrenderedManifests } from './manifests/stack-manifests.ts';
import { placesAmong } from './shared/moved-places.ts';
import { placeClaims } from './shared/shared-proxies.ts';

/** The name that findings of a text without a file carry. */
export const NAMELESS = 'kombination.yaml';

/** Checks one text as if it were the file of the stack that it names. */
export function checkText(core: Core, text: string): DocumentReport {
  const name = peekStackName(text.slice(0, core.limits.documentBytes));
  const file = name === undefined ? undefined : core.index.find(name)?.file;
  return checkAs(core, text, { place: file ?? pathOf(name ?? ''), label: NAMELESS });
}

/** Generates from a stack as it is in the repository, or from a text as if it stood there. */
export async function generateFrom(
  core: Core,
  { subject, format }: GenerateRequest,
): Promise<GeneratedStack> {
  const readBlob = async (blob: string) => core.inline.get(blob) ?? core.source.readBlob(blob);
  if ('text' in subject) {
    const name = peekStackName(subject.text.slice(0, core.limits.documentBytes));
    const place = (name === undefined ? undefined : core.index.find(name)?.file) ?? pathOf(name ?? '');
    refuseTemplateText(core, subject.text, place);
    return generateStack(analyzeAs(core, subject.text, { file: place }), format, { file: place, readBlob });
  }
  const entry = core.index.find(subject.stack);
  if (!entry) throw new ReconcilerError('UNKNOWN_STACK', `there is no stack ${subject.stack}`);
  if (entry.text === null) {
    throw new ReconcilerError('INVALID_CONFIGURATION', `${entry.file} cannot be read`, {
      diagnostics: entry.diagnostics,
    });
  }
  if (isWorkflowFile(entry.file)) {
    throw new ReconcilerError(
      'BAD_OPTIONS',
      `${subject.stack} is a workflow; files are generated of kombinations`,
    );
  }
  return generateStack(analyzeAs(core, entry.text, entry), format, { file: entry.file, readBlob });
}

/** A template makes many stacks, and a text alone does not say which of them is meant. */
function refuseTemplateText({ state }: Core, text: string, place: string): void {
  if (templateOf(place, text, { nodes: state.nodes.references }) === null) return;
  const message =
    'the text is a template (forEach), and describes several stacks: name one of the repository';
  throw new ReconcilerError('BAD_OPTIONS', message);
}

interface Placed {
  readonly file: string;
  /** Default: the file. */
  readonly key?: string;
  readonly element?: TemplateElement;
}

function analyzeAs(core: Core, text: string, { file, key = file, element }: Placed): Analysis {
  const { tree, nodes, kits } = core.state;
  const known = core.index.entryOf(key);
  const options = {
    ...(known ? textsOf(known) : {}),
    ...(element && { element }),
    ...(core.texts === undefined ? {} : { texts: core.texts }),
    file,
    text,
    tree,
    nodes: nodes.references,
    kits: kits.catalogue,
    checkSchema: core.checkSchema,
    policy: core.policy,
  };
  const alone = analyze(options);
  const { name } = alone.kombination;
  const places = placesAmong(core.index, { key, name, ...placeClaims(alone) });
  return places.size === 0 ? alone : analyze({ ...options, places });
}

interface CheckedPlace {
  readonly place: string;
  readonly label: string;
}

export function checkAs(core: Core, text: string, { place, label }: CheckedPlace): DocumentReport {
  const size = Buffer.byteLength(text);
  if (size > core.limits.documentBytes) {
    const message = `the document has ${size} bytes; at most ${core.limits.documentBytes} are read`;
    const start = { file: label, line: 1, column: 1, path: '' };
    const diagnostic: Diagnostic = { severity: 'error', code: 'FILE_TOO_LARGE', message, ...start };
    return { diagnostics: [diagnostic], services: [], dependencies: {} };
  }
  if (isWorkflowFile(place)) return checkWorkflow(core, text, { place, label });
  const list = listAt(core.state.tree, { file: place, text }, (path, blob) => listTextOf(core, path, blob));
  const template = templateOf(place, text, { nodes: core.state.nodes.references, list });
  return template === null
    ? checkOne(core, text, { place, label })
    : checkTemplate(core, text, { place, label, template, list });
}

/** Text of a list of elements: on disk, or as a template of the repository has read it. */
function listTextOf({ texts, index }: Core, path: string, blob: string): string | undefined {
  const onDisk = texts?.get(blob);
  if (onDisk !== undefined) return onDisk;
  const known = [...index.listersOf(path)].map((key) => index.entryOf(key)?.listed);
  return known.find((listed) => listed?.blob === blob)?.text ?? undefined;
}

interface CheckedTemplate extends CheckedPlace {
  readonly template: ReadTemplate;
  readonly list: ElementList | undefined;
}

/** Checks a template with each of its elements; what is wrong with several of them is told once. */
function checkTemplate(core: Core, text: string, checked: CheckedTemplate): DocumentReport {
  const { place, label, template, list } = checked;
  const ofElements = elementFindings(label, parseYaml(text), template, list);
  const reports = template.elements.map((element) => checkOne(core, text, { place, label, element }));
  const found = withoutRepeats([...ofElements, ...reports.flatMap(({ diagnostics }) => diagnostics)]);
  const { services = [], dependencies = {} } = reports[0] ?? {};
  return { diagnostics: found.toSorted(compareDiagnostics), services, dependencies };
}

function checkOne(
  core: Core,
  text: string,
  { place, label, element }: CheckedPlace & Pick<Placed, 'element'>,
): DocumentReport {
  const key = element === undefined ? place : keyOf(place, element.name);
  const analysis = analyzeAs(core, text, { file: place, key, ...(element && { element }) });
  const passwords = passwordsFor(core, { pulled: pulledImages(analysis) });
  const { secrets } = lookedUp(analysis.secrets, analysis.kombination.name, core.policy);
  const missing = findMissing([...secrets, ...passwords], createLookup(core));
  const found = toDiagnostics(label, analysis.document, [
    ...analysis.diagnostics,
    ...missing,
    ...unrenderedManifests(core, analysis),
  ]);
  // A finding in the text itself is not in the file whose place the text takes.
  const named = found.map((finding) => (finding.file === place ? { ...finding, file: label } : finding));
  return { diagnostics: named.toSorted(compareDiagnostics), ...summarise(analysis) };
}

function pathOf(name: string, kind: DescribedKind = 'kombination'): string {
  return kind === 'workflow' ? `workflows/${name}.yaml` : `kombinations/${name}/kombination.yaml`;
}

export function draftStack(core: Core, name: string, document: object, kind?: DescribedKind): Draft {
  const path = pathOf(name, kind);
  const text = kind === 'workflow' ? buildText({ name, ...document }) : buildStackText(name, document);
  const { diagnostics } = checkAs(core, text, { place: path, label: path });
  return {
    path,
    text,
    diagnostics: [...refuseName(name, path), ...diagnostics, ...refuseOccupied(core, path)],
  };
}

/** The name becomes a part of a path. */
function refuseName(name: string, file: string): readonly Diagnostic[] {
  if (isStackName(name)) return [];
  const message = `"${name}" is not a name for a stack: lower-case letters, digits and hyphens`;
  return [{ severity: 'error', code: 'INVALID_FORMAT', message, file, path: 'meta.name' }];
}

function refuseOccupied({ state }: Core, file: string): readonly Diagnostic[] {
  if (nodeAt(state.tree, file) === undefined) return [];
  return [{ severity: 'error', code: 'DUPLICATE_STACK', message: `${file} is already there`, file }];
}

export function editStack(core: Core, name: string, keys: object): Draft {
  return rewriteStack(core, name, (text) => editText(text, keys));
}

export function rewriteStack(core: Core, name: string, edit: (text: string) => string): Draft {
  const entry = core.index.find(name);
  if (!entry) throw new ReconcilerError('UNKNOWN_STACK', `there is no stack ${name}`);
  refuseTemplate(entry);
  refuseBroken(entry.realFile, entry.text ?? '');
  const text = edit(entry.text ?? '');
  const path = isComposeStack(entry.file) ? besideOf(entry.file, 'kombination.yaml') : entry.realFile;
  const { diagnostics } = checkAs(core, text, {
    place: entry.file,
    label: isComposeStack(entry.file) ? path : entry.file,
  });
  return { path, text, diagnostics };
}

/** A stack of a template is none that can be written alone. Throws BAD_OPTIONS. */
function refuseTemplate({ name, file, element }: StackEntry): void {
  if (element !== undefined)
    throw new ReconcilerError('BAD_OPTIONS', whyOfTemplate(name, file, element.name));
}

/** Nobody can tell what to keep of a text that is no YAML. */
export function refuseBroken(file: string, text: string): void {
  const found = parseYaml(text).problems.map(({ path, ...problem }): Diagnostic => {
    return { severity: 'error', file, path: formatPath(path), ...problem };
  });
  if (found.length === 0) return;
  const lines = found.map(formatDiagnostic).join('\n');
  throw new ReconcilerError('INVALID_CONFIGURATION', `${file} has to be mended first:\n${lines}`, {
    diagnostics: found,
  });
}

export function draftNode(core: Core, name: string, document: object): Draft {
  const path = `nodes/${name}.yaml`;
  const text = buildText(document);
  const { diagnostics } = readNodeDocument(path, text, core);
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/.test(name)) return { path, text, diagnostics };
  const message = `"${name}" is not a name for a node: letters, digits, '-', '_' and '.'`;
  const refused: Diagnostic = {
    severity: 'error',
    code: 'INVALID_FORMAT',
    message,
    file: path,
    path: 'name',
  };
  return { path, text, diagnostics: [refused, ...diagnostics] };
}

/**
 * The stack's own file, and all files in its directory when no other stack lives in or below it. Never the root of the
 * repository, and nothing that another stack mounts. Throws BAD_OPTIONS for a stack of a template.
 */
export function filesOf(core: Core, name: string): readonly string[] {
  const entry = core.index.find(name);
  if (!entry) return [];
  refuseTemplate(entry);
  if (isWorkflowFile(entry.file)) return [entry.file];
  const directory = directoryOf(entry.file);
  const node = nodeAt(core.state.tree, directory);
  if (directory === '' || !isDirectory(node)) return [entry.file];
  const files = [...listFiles(node, directory)].map(([path]) => path);
  const others = files.filter((file) => file !== entry.file && core.index.describes(file));
  if (others.length > 0) return [entry.file];
  const isOwn = (file: string) => [...core.index.watchersOf(file)].every((user) => user === entry.key);
  const own = files.filter((file) => isOwn(file) && [...core.index.listersOf(file)].length === 0);
  return own.sort(compareText);
}
