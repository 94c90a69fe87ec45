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
    return generateStack(analyzeAs(core, subject.text, place), format, { file: place, readBlob });
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
  return generateStack(analyzeAs(core, entry.text, entry.file), format, { file: entry.file, readBlob });
}

function analyzeAs(core: Core, text: string, file: string): Analysis {
  const { tree, nodes, kits } = core.state;
  const known = core.index.entryOf(file);
  const options = {
    ...(known ? textsOf(known) : {}),
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
  const places = placesAmong(core.index, { file, name, ...placeClaims(alone) });
  return places.size === 0 ? alone : analyze({ ...options, places });
}

export function checkAs(
  core: Core,
  text: string,
  { place, label }: { readonly place: string; readonly label: string },
): DocumentReport {
  const size = Buffer.byteLength(text);
  if (size > core.limits.documentBytes) {
    const message = `the document has ${size} bytes; at most ${core.limits.documentBytes} are read`;
    const start = { file: label, line: 1, column: 1, path: '' };
    const diagnostic: Diagnostic = { severity: 'error', code: 'FILE_TOO_LARGE', message, ...start };
    return { diagnostics: [diagnostic], services: [], dependencies: {} };
  }
  if (isWorkflowFile(place)) return checkWorkflow(core, text, { place, label });
  const analysis = analyzeAs(core, text, place);
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
  refuseBroken(entry.realFile, entry.text ?? '');
  const text = edit(entry.text ?? '');
  const path = isComposeStack(entry.file) ? besideOf(entry.file, 'kombination.yaml') : entry.realFile;
  const { diagnostics } = checkAs(core, text, {
    place: entry.file,
    label: isComposeStack(entry.file) ? path : entry.file,
  });
  return { path, text, diagnostics };
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
 * repository, and nothing that another stack mounts.
 */
export function filesOf(core: Core, name: string): readonly string[] {
  const entry = core.index.find(name);
  if (!entry) return [];
  if (isWorkflowFile(entry.file)) return [entry.file];
  const directory = directoryOf(entry.file);
  const node = nodeAt(core.state.tree, directory);
  if (directory === '' || !isDirectory(node)) return [entry.file];
  const files = [...listFiles(node, directory)].map(([path]) => path);
  const others = files.filter((file) => file !== entry.file && core.index.entryOf(file) !== undefined);
  if (others.length > 0) return [entry.file];
  const own = files.filter((file) => [...core.index.watchersOf(file)].every((user) => user === entry.file));
  return own.sort(compareText);
}
