import type { TextPlace } from '../../base/document-path.ts';
import type { ComposedDocument } from '../compose/adopt-compose.ts';
import { composeDocument } from '../compose/adopt-compose.ts';
import { adoptsCompose, speaksCompose } from '../compose/speaks-compose.ts';
import { formatPath } from '../../base/document-path.ts';
import type { TreeDirectory } from '../file-tree.ts';
import type { FoundSecrets } from './checks/find-secrets.ts';
import type { DocumentDiagnostic, DiagnosticCollector } from '../../base/document-diagnostic.ts';
import { asFields } from '../../base/values.ts';
import type { KombinationDocument } from './kombination-document.ts';
import { translateDocument } from './kombination-document.ts';
import { fillElement } from '../templates/fill-element.ts';
import type { TemplateElement } from '../templates/read-elements.ts';
import type { YamlDocument } from '../yaml-document.ts';
import { parseYaml } from '../yaml-document.ts';

interface ReadOptions {
  /** Repository path of the kombination. */
  readonly file: string;
  readonly text: string;
  readonly tree: TreeDirectory;
  /** Texts of the repository that Compose files and their env files are read from, by blob id. Default: none. */
  readonly texts?: Pick<ReadonlyMap<string, string>, 'get'>;
  /** Element of a template to fill in. Default: it is none. */
  readonly element?: TemplateElement;
}

interface ReadDocument {
  readonly document: KombinationDocument;
  readonly written: YamlDocument;
  readonly composed: ComposedDocument | undefined;
  /** Findings of filling in an element. */
  readonly unfilled: readonly DocumentDiagnostic[];
}

/** The document of a kombination, with the Compose files it adopts and all that its own words of Compose stand for. */
export function readDocument({
  file,
  text,
  tree,
  texts = new Map<string, string>(),
  element,
}: ReadOptions): ReadDocument {
  const { document: written, diagnostics: unfilled } =
    element === undefined ? { document: parseYaml(text), diagnostics: [] } : fillElement(element, text);
  const composed = speaksCompose(written)
    ? composeDocument({ file, document: written, tree, texts })
    : undefined;
  const document = translateDocument(composed?.document ?? written);
  const named = element === undefined ? document : { ...document, element: element.name };
  return { document: named, written, composed, unfilled };
}

/** Says what stands in the way of knowing all of a document. */
export function reportUnread(
  { missing, document, diagnostics: found }: ComposedDocument,
  written: YamlDocument,
  diagnostics: DiagnosticCollector,
): void {
  const adopts = adoptsCompose(written);
  if (missing.length > 0) {
    const what = adopts ? 'the Compose file is' : 'the files that it names, and .env, are';
    diagnostics.warning('COMPOSE_NOT_READ', adopts ? ['compose'] : [], `${what} checked once committed`);
  } else if (adopts && asFields(document.value)?.['services'] === undefined && found.every(isHarmless)) {
    diagnostics.error('REQUIRED', ['compose'], 'At least one service is required');
  }
}

function isHarmless({ severity }: DocumentDiagnostic): boolean {
  return severity === 'warning';
}

/** A variable that nobody sets is empty, as Compose has it, and warned of unless there is a secret of that name. */
export function withUnset(
  secretsFound: FoundSecrets,
  { unset, demands, missing }: ComposedDocument,
): FoundSecrets {
  const secrets = secretsFound.secrets.map((found) => {
    const demand = demands.get(formatPath(found.path))?.get(found.name.replace(/^secret:\/\/env\//, ''));
    const need = demand === undefined ? found : { ...found, demand };
    // It may be set in a file that has not been read.
    if (missing.length > 0 && !need.name.startsWith('secret://')) return { ...need, needed: false };
    const names = unset.get(formatPath(need.path));
    return names?.has(need.name) ? { ...need, needed: false, unset: true } : need;
  });
  return { ...secretsFound, secrets };
}

/** Findings of the Compose files and of the document, without those that only come of a value that could not be filled in, which is said already. */
export function withFindings(
  { document, diagnostics: reported }: ComposedDocument,
  found: readonly DocumentDiagnostic[],
): readonly DocumentDiagnostic[] {
  const failed = new Set(
    reported.flatMap(({ code, place }) => (UNFILLED.has(code) && place ? [keyOf(place)] : [])),
  );
  if (failed.size === 0) return [...reported, ...found];
  const rest = found.filter(({ path, at = 'value' }) => !failed.has(keyOf(document.position(path, at))));
  return [...reported, ...rest];
}

/** The same for an element of a template. */
export function withoutUnfilled(
  found: readonly DocumentDiagnostic[],
  unfilled: readonly DocumentDiagnostic[],
): readonly DocumentDiagnostic[] {
  if (unfilled.length === 0) return found;
  const told = new Set(unfilled.map(({ message }) => message));
  const paths = new Set(unfilled.map(({ path }) => formatPath(path)));
  return found.filter(({ path, message }) => told.has(message) || !paths.has(formatPath(path)));
}

const UNFILLED = new Set(['UNRESOLVED_VARIABLE', 'INVALID_FORMAT', 'INVALID_TYPE', 'SECRET_MISPLACED']);

function keyOf({ file, line, column }: TextPlace): string {
  return `${file}:${line}:${column}`;
}
