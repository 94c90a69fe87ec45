import { normaliseImage, withTag } from '../../model/docker/image-reference.ts';
import type { DocumentPath } from '../../base/document-path.ts';
import type { DiagnosticCollector } from '../../base/document-diagnostic.ts';
import { isProblem } from '../../base/problem.ts';
import type { KitService, KitSetting } from './kit.ts';
import { fillIn } from './kit.ts';
import type { WrittenService } from '../kombination/kombination.ts';
import { suggest } from '../../base/nearest.ts';
import { parseBytes } from '../../base/units.ts';
import type { Fields } from '../../base/values.ts';
import { asFields, asList, emptyRecord, own, asText } from '../../base/values.ts';

/** The effects of `config` and of the defaults of a kit service, in the words of `kombination.yaml`. */
export interface SettingEffects {
  /** One after the other over the kit's definition. */
  readonly service: readonly Fragment[];
  readonly parts: Readonly<Record<string, readonly Fragment[]>>;
  /** Required settings that nobody gave. */
  readonly missing: readonly string[];
}

/** A piece of a definition. */
export interface Fragment {
  readonly fields: Fields;
  /** Values to be filled in besides what every definition knows. */
  readonly values?: Readonly<Record<string, string>>;
  /** Path where the author gave the value in it; left out for what the kit says by itself. */
  readonly from?: DocumentPath | undefined;
}

interface Given {
  readonly value: unknown;
  readonly path: DocumentPath;
}

/** Reads `services.X.config` against the settings that the kit gives the service. */
export function readSettings(
  written: WrittenService,
  kitService: KitService,
  values: Readonly<Record<string, string>>,
  diagnostics: DiagnosticCollector,
): SettingEffects {
  const settings = new Map(Object.entries(kitService.settings ?? {}));
  const given = new Map<string, Given>();
  collect(written.fields.config ?? {}, { written, settings, given, diagnostics }, []);
  const service: Fragment[] = [];
  const parts = emptyRecord<Fragment[]>();
  const missing: string[] = [];
  for (const [key, setting] of settings) {
    const entry = given.get(key);
    const value = entry === undefined ? undefined : settingValue(key, entry, setting, diagnostics);
    if (entry === undefined && setting.required) missing.push(key);
    if (entry === undefined && setting.missing) {
      const { code, message } = setting.missing;
      const hint = `services.${written.name}.config.${key}`;
      diagnostics.warning(code, written.path, message, { hint, at: 'key' });
    }
    for (const other of entry === undefined ? [] : (setting.requires ?? [])) {
      if (given.has(other)) continue;
      const message = `${key} of ${written.name} needs ${other} as well`;
      diagnostics.error('REQUIRED', [...written.path, 'config', other], message);
    }
    const used = value ?? fillIn(setting.default, values);
    if (used === undefined || used === '') continue;
    const from = value === undefined ? undefined : entry?.path;
    const texts = fillers(used);
    for (const fragment of fragmentsOf(setting, used, texts)) service.push({ ...fragment, from });
    for (const [part, fragment] of Object.entries(setting.parts ?? {})) {
      (parts[part] ??= []).push({ fields: fragment, values: texts, from });
    }
  }
  const image = readVersion(written, kitService, diagnostics);
  if (image !== undefined) service.push({ fields: { image } });
  return { service, parts, missing };
}

type Value = string | boolean | number | readonly string[];

function fragmentsOf(
  setting: KitSetting,
  value: Value,
  values: Readonly<Record<string, string>>,
): readonly Fragment[] {
  const items = Array.isArray(value) && setting.each ? value : [];
  const chosen = own(setting.choices, String(value));
  return [
    ...(setting.service ? [{ fields: setting.service, values }] : []),
    ...(chosen ? [{ fields: chosen, values }] : []),
    ...items.map((item, index) => ({
      fields: setting.each ?? {},
      values: { value: item, index: `${index}` },
    })),
  ];
}

function fillers(value: Value): Readonly<Record<string, string>> {
  const text = Array.isArray(value) ? value.join(',') : String(value);
  return { value: text, embedded: text.replace(/^secret:\/\/(.*)$/s, '${secret:$1}') };
}

interface Collection {
  readonly written: WrittenService;
  readonly settings: ReadonlyMap<string, KitSetting>;
  readonly given: Map<string, Given>;
  readonly diagnostics: DiagnosticCollector;
}

/** Settings that stand in maps are named with dots: `totp.issuer`. */
function collect(config: Fields, collection: Collection, parents: readonly string[]): void {
  const { written, settings, given, diagnostics } = collection;
  for (const [key, value] of Object.entries(config)) {
    const path = [...written.path, 'config', ...parents, key];
    const name = [...parents, key.replaceAll('-', '_')].join('.');
    const inner = asFields(value);
    if (settings.has(name)) given.set(name, { value, path });
    else if (inner && [...settings.keys()].some((other) => other.startsWith(`${name}.`))) {
      collect(inner, collection, [...parents, key]);
    } else if (name !== 'version') {
      diagnostics.error('UNSUPPORTED_KEY', path, `${written.name} has no setting ${name}`, {
        hint: suggest(name, [...settings.keys(), 'version']),
        at: 'key',
      });
    }
  }
}

function settingValue(
  key: string,
  { value, path }: Given,
  setting: KitSetting,
  diagnostics: DiagnosticCollector,
): Value | undefined {
  const wrong = (message: string, hint?: string): undefined => {
    diagnostics.error('INVALID_VALUE', path, message, { hint });
  };
  switch (setting.type) {
    case 'boolean':
      return typeof value === 'boolean' ? value : wrong(`${key} must be true or false`);
    case 'integer':
      return Number.isSafeInteger(value) ? Number(value) : wrong(`${key} must be a whole number`);
    case 'size': {
      const bytes = typeof value === 'string' || typeof value === 'number' ? parseBytes(value) : undefined;
      return typeof bytes === 'number' ? bytes : wrong(`${key} must be a size`, 'such as 512m or 10GB');
    }
    case 'path':
      return isPath(value)
        ? value
        : wrong(`${key} must be an absolute path of the node`, 'such as /srv/data');
    case 'paths': {
      const list = asList(value) ?? [value];
      const paths = list.filter(isPath);
      return paths.length === list.length
        ? paths
        : wrong(`${key} must be a list of absolute paths of the node`);
    }
    case 'list': {
      const list = asList(value) ?? [value];
      const items = list.filter((item) => typeof item === 'string' || typeof item === 'number').map(String);
      return items.length === list.length ? items : wrong(`${key} must be a list of texts`);
    }
    default: {
      if (typeof value !== 'string') return wrong(`${key} must be a text`, 'put it in quotes');
      if (!setting.enum || setting.enum.includes(value)) return value;
      return wrong(`${key} must be one of ${setting.enum.join(', ')}`, suggest(value, setting.enum));
    }
  }
}

function isPath(value: unknown): value is string {
  return typeof value === 'string' && /^\/[^:]*$/.test(value) && !value.split('/').includes('..');
}

function readVersion(
  written: WrittenService,
  kitService: KitService,
  diagnostics: DiagnosticCollector,
): string | undefined {
  const version = written.fields.config?.['version'];
  if (version === undefined || kitService.settings?.['version']) return undefined;
  const image = withTag(asText(kitService.service['image']), typeof version === 'string' ? version : '');
  const normal = typeof version === 'string' ? normaliseImage(image) : { problem: '' };
  if (!isProblem(normal)) return normal;
  const path = [...written.path, 'config', 'version'];
  diagnostics.error('INVALID_VALUE', path, 'version must be a tag of the image', {
    hint: 'a text in quotes, such as "2.0"',
  });
  return undefined;
}
