import { posix } from 'node:path';
import { toDiagnostics } from '../kombination/analyze.ts';
import type { Diagnostic } from '../../base/diagnostic.ts';
import type { DocumentPath } from '../../base/document-path.ts';
import { directoryOf } from '../file-tree.ts';
import type { DiagnosticCollector } from '../../base/document-diagnostic.ts';
import { createDiagnosticCollector } from '../../base/document-diagnostic.ts';
import type { KitSetting, StackKit } from './kit.ts';
import { fillIn } from './kit.ts';
import type { BuiltCatalogue } from './kit-catalogue.ts';
import { suggest } from '../../base/nearest.ts';
import type { SchemaCheck } from '../schema-check.ts';
import { readServiceFields } from '../kombination/service/service-fields.ts';
import type { Fields } from '../../base/values.ts';
import { asFields, asString, own } from '../../base/values.ts';
import type { YamlDocument } from '../yaml-document.ts';
import { parseYaml } from '../yaml-document.ts';

/** `stackkits/<kit>/stackkit.yaml` as read. */
export interface KitDocument {
  readonly name: string;
  readonly file: string;
  /** `null` when the file has errors. */
  readonly kit: StackKit | null;
  readonly document: YamlDocument;
  readonly diagnostics: readonly Diagnostic[];
}

export function readKitDocument(file: string, text: string, checkSchema: SchemaCheck): KitDocument {
  const name = posix.basename(directoryOf(file));
  const diagnostics = createDiagnosticCollector();
  const document = parseYaml(text);
  if (document.problems.length === 0) checkSchema('stackkit', document.value ?? {}, diagnostics);
  const fields = asFields(document.value) ?? {};
  const writtenName = asString(fields['name']);
  if (writtenName !== undefined && writtenName !== name) {
    const message = `the directory is called ${name}, and the kit ${writtenName}`;
    diagnostics.error('INVALID_VALUE', ['name'], message, { hint: 'call both the same' });
  }
  const sound = document.problems.length === 0 && diagnostics.list.length === 0;
  if (sound && isKit(fields)) checkDefinitions(fields, diagnostics);
  const kit = sound && diagnostics.list.length === 0 && isKit(fields) ? fields : null;
  return { name, file, kit, document, diagnostics: toDiagnostics(file, document, diagnostics.list) };
}

/** A document of which the schema has nothing to say. */
function isKit(fields: object): fields is StackKit {
  return 'name' in fields && 'version' in fields && 'description' in fields;
}

/** Findings about a kit that only show together with the kits around it. */
export function catalogueDiagnostics(
  documents: Iterable<KitDocument>,
  { problems }: Pick<BuiltCatalogue, 'problems'>,
): readonly Diagnostic[] {
  return [...documents].flatMap(({ name, file, document }) => {
    const diagnostics = createDiagnosticCollector();
    for (const { kit, path, code, message, hint } of problems) {
      if (kit === name) diagnostics.error(code, path, message, { hint });
    }
    return toDiagnostics(file, { ...document, problems: [] }, diagnostics.list);
  });
}

/** Stands for what is not known before a stack uses the kit. */
const SAMPLES: Readonly<Record<string, string>> = {
  stack: 'stack',
  domain: 'example.org',
  email: 'admin@example.org',
  network: 'stack_proxy',
};
const SETTING_SAMPLES = { ...SAMPLES, value: '1', embedded: '1', index: '0' };

const SAMPLE_VALUES: Readonly<Record<string, string>> = { path: '/srv', paths: '/srv', boolean: 'true' };

/** Checks what the schema cannot see in the definitions of a kit: formats inside texts, and what is filled in. */
export function checkDefinitions(kit: StackKit, diagnostics: DiagnosticCollector): void {
  const check = (fragment: Fields, path: DocumentPath, values = SAMPLES): void => {
    checkPlaceholders(fragment, path, values, diagnostics);
    readServiceFields(fillIn(fragment, values), path, diagnostics);
  };
  for (const [provider, fragment] of Object.entries(kit.proxy?.tls ?? {})) {
    check(fragment, ['proxy', 'tls', provider]);
  }
  for (const [name, { service, parts = {}, settings = {} }] of Object.entries(kit.services ?? {})) {
    const base = ['services', name];
    check(service, [...base, 'service']);
    for (const [part, fragment] of Object.entries(parts)) check(fragment, [...base, 'parts', part]);
    for (const [key, setting] of Object.entries(settings)) {
      checkSetting(setting, [...base, 'settings', key], check);
      const unknown = Object.keys(setting.parts ?? {}).filter((part) => !Object.hasOwn(parts, part));
      for (const part of unknown)
        reportPart(name, [...base, 'settings', key, 'parts', part], parts, diagnostics);
    }
  }
}

function checkSetting(
  setting: KitSetting,
  path: DocumentPath,
  check: (fragment: Fields, path: DocumentPath, values: Readonly<Record<string, string>>) => void,
): void {
  const value = setting.enum?.[0] ?? own(SAMPLE_VALUES, setting.type) ?? '1';
  const filled = { ...SETTING_SAMPLES, value };
  if (setting.service) check(setting.service, [...path, 'service'], filled);
  if (setting.each) check(setting.each, [...path, 'each'], filled);
  for (const [choice, fragment] of Object.entries(setting.choices ?? {})) {
    check(fragment, [...path, 'choices', choice], filled);
  }
  for (const [part, fragment] of Object.entries(setting.parts ?? {})) {
    check(fragment, [...path, 'parts', part], filled);
  }
}

function reportPart(
  service: string,
  path: DocumentPath,
  parts: Fields,
  diagnostics: DiagnosticCollector,
): void {
  const part = String(path.at(-1));
  const hint = suggest(part, Object.keys(parts));
  diagnostics.error('UNKNOWN_SERVICE', path, `${service} has no part ${part}`, { hint, at: 'key' });
}

function checkPlaceholders(
  value: unknown,
  path: DocumentPath,
  values: Readonly<Record<string, string>>,
  diagnostics: DiagnosticCollector,
): void {
  if (typeof value === 'string') {
    for (const [whole, name = ''] of value.matchAll(/\{\{(\w+)\}\}/g)) {
      if (Object.hasOwn(values, name)) continue;
      const hint = suggest(name, Object.keys(values));
      diagnostics.error('INVALID_VALUE', path, `nothing is filled in for ${whole}`, { hint });
    }
  } else if (Array.isArray(value)) {
    value.forEach((item: unknown, index) => checkPlaceholders(item, [...path, index], values, diagnostics));
  } else {
    for (const [key, member] of Object.entries(asFields(value) ?? {})) {
      checkPlaceholders(member, [...path, key], values, diagnostics);
    }
  }
}
