import { contain } from '../base/errors.ts';
import { compareText } from '../base/values.ts';
import { isDirectory, nodeAt } from '../config/file-tree.ts';
import { readPluginDocument } from '../config/catalogue/plugin-document.ts';
import { readClusterDocument } from '../config/fleet/cluster-document.ts';
import type { FleetRules } from '../config/fleet/config-documents.ts';
import { readNodeDocument, readSettingsDocument } from '../config/fleet/config-documents.ts';
import type { Diagnostic } from '../base/diagnostic.ts';
import { compareDiagnostics } from '../base/diagnostic.ts';
import { buildCatalogue } from '../config/kits/kit-catalogue.ts';
import { catalogueDiagnostics, readKitDocument } from '../config/kits/kit-document.ts';
import type { DocumentReport } from '../ports/desired.ts';
import { faultIn } from './build-entry.ts';
import { checkAs, checkText, NAMELESS } from './check-text.ts';
import type { Core } from './state.ts';
import { withoutRepeats } from './templates/expand-templates.ts';
import { checkWorkflow, isWorkflowFile } from './workflow.ts';

type Check = (core: Core, text: string, file: string) => DocumentReport;

/** Check for each kind of file; its place tells the kind, on disk as in the repository. */
const CHECKS: readonly (readonly [RegExp, Check])[] = [
  [/(?:^|\/)stackkit\.ya?ml$/, checkKit],
  [/(?:^|\/)nodes\/[^/]+\.ya?ml$/, checkWith(readNodeDocument)],
  [/(?:^|\/)clusters\/[^/]+\.ya?ml$/, checkWith(readClusterDocument)],
  [/(?:^|\/)plugins\/[^/]+\.ya?ml$/, checkPlugin],
  [/(?:^|\/)kombinator\.ya?ml$/, checkWith(readSettingsDocument)],
  [/(?:^|\/)(?:docker-)?compose(?:[.-][^/]*)?\.ya?ml$/, refuseCompose],
];

/** Checks a text as the kind of file that its name says; without a name, and with any other, as a kombination. Never throws. */
export function checkNamed(core: Core, text: string, file: string | undefined): DocumentReport {
  return contain(
    () => checkByName(core, text, file),
    (fault) => report([faultIn(file ?? NAMELESS, fault)]),
  );
}

/** Checks a text at its place in the repository, which tells what kind of file it is. Never throws. */
export function checkPlaced(core: Core, text: string, path: string): DocumentReport {
  const check = CHECKS.find(([pattern]) => pattern.test(path))?.[1];
  return contain(
    () => {
      if (check) return check(core, text, path);
      const users = templatesOf(core, path);
      return users.length === 0 ? checkAs(core, text, { place: path, label: path }) : checkList(core, users);
    },
    (fault) => report([faultIn(path, fault)]),
  );
}

/** Templates of the repository that take their elements from a file. */
function templatesOf({ index }: Core, path: string): readonly string[] {
  const users = [...index.listersOf(path)].flatMap((key) => index.entryOf(key) ?? []);
  const templates = users.filter(({ listed }) => listed?.visited.at(-1) === path).map(({ file }) => file);
  return [...new Set(templates)].sort(compareText);
}

/** A list of elements means nothing by itself: the templates that take theirs from it are checked, as they are on disk. */
function checkList(core: Core, templates: readonly string[]): DocumentReport {
  const found = templates.flatMap((file) => {
    const node = nodeAt(core.state.tree, file);
    const onDisk = node === undefined || isDirectory(node) ? undefined : core.texts?.get(node.blob);
    const text = onDisk ?? core.index.entryOf(core.index.instancesOf(file)[0] ?? file)?.text;
    return typeof text === 'string' ? checkAs(core, text, { place: file, label: file }).diagnostics : [];
  });
  return report(withoutRepeats(found));
}

/** Findings on files of the repository. */
const OF_FILES: ReadonlySet<string> = new Set(['FILE_NOT_FOUND', 'ENV_FILE_NOT_FOUND']);

/** Checks a text for somebody who is not to learn which files and secrets there are: any name could be tried. */
export function checkAlone(core: Core, text: string, file: string | undefined): DocumentReport {
  const { state, secretCache } = core;
  const alone: Core = {
    ...core,
    state: { ...state, tree: new Map() },
    secretCache: { ...secretCache, lookup: () => undefined },
  };
  const found = checkNamed(alone, text, file);
  return { ...found, diagnostics: found.diagnostics.filter(({ code }) => !OF_FILES.has(code)) };
}

function checkByName(core: Core, text: string, file: string | undefined): DocumentReport {
  const place = file?.replaceAll('\\', '/');
  if (place === undefined || Buffer.byteLength(text) > core.limits.documentBytes)
    return checkText(core, text);
  const check = CHECKS.find(([pattern]) => pattern.test(place))?.[1];
  if (check) return check(core, text, place);
  const end = /(?:^|\/)((?:workflows\/)?[^/]+)$/.exec(place)?.[1] ?? place;
  return isWorkflowFile(end) ? checkWorkflow(core, text, { place: end, label: end }) : checkText(core, text);
}

/** Together with the other kits of the repository. */
function checkKit(core: Core, text: string, file: string): DocumentReport {
  const document = readKitDocument(file, text, core.checkSchema);
  const { documents } = core.state.kits;
  const own = new Map([...documents.values()].map(({ name, kit }) => [name, kit]));
  const catalogue = buildCatalogue(own.set(document.name, document.kit));
  return report([...document.diagnostics, ...catalogueDiagnostics([document], catalogue)]);
}

function checkPlugin({ checkSchema }: Core, text: string, file: string): DocumentReport {
  return report(readPluginDocument(file, text, checkSchema).diagnostics);
}

/** Its own tool checks it best, and a kombination that adopts it. */
function refuseCompose(_core: Core, _text: string, file: string): DocumentReport {
  const message = 'this is a Compose file, which is checked together with the kombination that adopts it';
  const hint = 'say compose: with its name in a kombination.yaml beside it, or make one of it with import';
  return report([
    { severity: 'error', code: 'INVALID_FORMAT', message, file, line: 1, column: 1, path: '', hint },
  ]);
}

function checkWith(
  read: (file: string, text: string, rules: FleetRules) => { readonly diagnostics: readonly Diagnostic[] },
): Check {
  return (core, text, file) => report(read(file, text, core).diagnostics);
}

function report(diagnostics: readonly Diagnostic[]): DocumentReport {
  return { diagnostics: diagnostics.toSorted(compareDiagnostics), services: [], dependencies: {} };
}
