import { stringify } from 'yaml';
import type { Diagnostic } from '../../base/diagnostic.ts';
import { ReconcilerError } from '../../base/errors.ts';
import { asFields, asString, compareText, own } from '../../base/values.ts';
import { isStackName } from '../../config/kombination/stack-name.ts';
import { parseYaml } from '../../config/yaml-document.ts';
import type { DraftFile, DraftPreview, DraftRequest } from '../../public/files/drafts.ts';
import type { RunContext } from '../context.ts';
import { spliceYaml } from '../write/yaml-splice.ts';
import type { FileEdits } from './edit-files.ts';
import { planOverlay, readOverlay } from './plan-overlay.ts';
import { isSealed } from './sealed-text.ts';

const COMPOSE = 'compose.yaml';

/** Puts together the files of a new stack. Throws as `DraftOperations.previewDraft` does. */
export function draftStack({ desired }: RunContext, request: DraftRequest): FileEdits {
  const { name } = request;
  if (!isStackName(name))
    throw new ReconcilerError(
      'BAD_OPTIONS',
      `"${name}" is no name for a stack: lower-case letters, digits and hyphens`,
    );
  if (desired.names().includes(name))
    throw new ReconcilerError('STACK_EXISTS', `there is a stack ${name} already`);
  const directory = `kombinations/${name}`;
  const file = `${directory}/kombination.yaml`;
  const files = request.files ?? putTogether(request, directory);
  const found = files.flatMap(({ path, text }, index): readonly Diagnostic[] => {
    const isTwice = files.findIndex((other) => other.path === path) < index;
    const reason =
      desired.whyNotNew(path) ??
      (path.startsWith(`${directory}/`) ? null : `it is not in ${directory}, where the stack lives`) ??
      (isTwice ? 'it is named twice' : null) ??
      (isSealed(text) ? 'what is encrypted is committed where it was made' : null);
    return reason === null ? [] : [{ severity: 'error', code: 'INSECURE_PATH', message: reason, file: path }];
  });
  if (found.length > 0) {
    const told = found.map(({ file: path, message }) => `${path}: ${message}`).join('\n');
    throw new ReconcilerError('BAD_OPTIONS', `not to be written:\n${told}`, { diagnostics: found });
  }
  const writes = files
    .map(({ path, text }) => ({ path, content: text }))
    .toSorted((a, b) => compareText(a.path, b.path));
  return { stack: name, file, writes, before: new Map(), head: desired.revision?.commit ?? '' };
}

function putTogether({ name, source, node }: DraftRequest, directory: string): readonly DraftFile[] {
  const file = `${directory}/kombination.yaml`;
  const nodes = node === undefined ? {} : { nodes: [{ name: node }] };
  const head = { version: '1.0', meta: { name } };
  if ('compose' in source)
    return [
      { path: `${directory}/${COMPOSE}`, text: source.compose },
      { path: file, text: write({ ...head, ...nodes, compose: COMPOSE }) },
    ];
  if ('kit' in source) {
    const { kit, values = {} } = source;
    const meta = { ...asFields(own(values, 'meta')), name };
    return [{ path: file, text: write({ version: '1.0', stackkit: kit, ...nodes, ...values, meta }) }];
  }
  return [{ path: file, text: fillIn(source.document, name, node) }];
}

function write(document: object): string {
  return stringify(document, { lineWidth: 0 });
}

/** A document with its name and node, where it says neither; one that cannot be changed so is told of by its findings. */
function fillIn(text: string, name: string, node: string | undefined): string {
  const document = asFields(parseYaml(text).value);
  if (document === undefined) return text;
  const isNamed = asString(own(asFields(own(document, 'meta')), 'name')) !== undefined;
  const named = isNamed ? text : (spliceYaml(text, ['meta', 'name'], name) ?? text);
  const isPlaced = node === undefined || own(document, 'nodes') !== undefined;
  return isPlaced ? named : (spliceYaml(named, ['nodes'], [{ name: node }]) ?? named);
}

/** Says what committing a draft would do. */
export async function previewDraft(
  context: RunContext,
  edits: FileEdits,
  signal: AbortSignal,
): Promise<DraftPreview> {
  const overlay = await readOverlay(context, edits, signal);
  const files = edits.writes.map(({ path, content }) => ({ path, text: content ?? '' }));
  return { files, ...(await planOverlay(context, overlay, signal)) };
}
