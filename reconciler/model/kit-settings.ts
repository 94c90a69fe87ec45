import { normaliseImage, withTag } from './image-reference.ts';
import type { Issues } from './issue.ts';
import { isProblem } from './issue.ts';
import type { KitService, KitSetting } from './kit.ts';
import { fillIn } from './kit.ts';
import type { WrittenService } from './kombination.ts';
import { suggest } from './nearest.ts';
import { parseBytes } from './units.ts';

/** What `config` and the defaults of a kit service come down to. */
export interface SettingEffects {
  readonly env: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly parts: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** The service is taken off the proxy. */
  readonly offProxy: boolean;
  /** Another version of the service's image. */
  readonly image?: string;
}

/** Reads `services.X.config` against the settings that the kit gives the service. */
export function readSettings(
  written: WrittenService,
  kitService: KitService,
  values: Readonly<Record<string, string>>,
  issues: Issues,
): SettingEffects {
  const config = new Map(Object.entries(written.fields.config ?? {}));
  const settings = new Map(Object.entries(kitService.settings ?? {}));
  for (const key of config.keys()) {
    if (settings.has(key) || key === 'version') continue;
    issues.error(
      'UNSUPPORTED_KEY',
      [...written.path, 'config', key],
      `${written.name} has no setting ${key}`,
      {
        hint: suggest(key, [...settings.keys(), 'version']),
        at: 'key',
      },
    );
  }
  const env: Record<string, string> = {};
  const labels: Record<string, string> = {};
  const command: string[] = [];
  const parts: Record<string, Record<string, string>> = {};
  let offProxy = false;
  for (const [key, setting] of settings) {
    const value = settingValue(written, key, setting, issues) ?? fillIn(setting.default, values);
    if (value === undefined || value === '') continue;
    offProxy ||= setting.route === true && value === false;
    const filled = fillIn(setting, { ...values, value: String(value) });
    Object.assign(env, filled.env);
    command.push(...(filled.command ?? []));
    if (value !== false) Object.assign(labels, filled.labels);
    for (const [part, variables] of Object.entries(filled.parts ?? {})) {
      parts[part] = { ...parts[part], ...variables };
    }
  }
  const image = readVersion(written, kitService, issues);
  return { env, command, labels, parts, offProxy, ...(image === undefined ? {} : { image }) };
}

function settingValue(
  written: WrittenService,
  key: string,
  setting: KitSetting,
  issues: Issues,
): string | boolean | number | undefined {
  const value = written.fields.config?.[key];
  if (value === undefined) return undefined;
  const path = [...written.path, 'config', key];
  const wrong = (message: string, hint?: string): undefined => {
    issues.error('INVALID_VALUE', path, message, { hint });
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
    default: {
      if (typeof value !== 'string') return wrong(`${key} must be a text`, 'put it in quotes');
      if (!setting.enum || setting.enum.includes(value)) return value;
      return wrong(`${key} must be one of ${setting.enum.join(', ')}`, suggest(value, setting.enum));
    }
  }
}

function readVersion(written: WrittenService, kitService: KitService, issues: Issues): string | undefined {
  const version = written.fields.config?.['version'];
  if (version === undefined) return undefined;
  const image = withTag(String(kitService.service['image']), typeof version === 'string' ? version : '');
  const normal = typeof version === 'string' ? normaliseImage(image) : { problem: '' };
  if (!isProblem(normal)) return normal;
  const path = [...written.path, 'config', 'version'];
  issues.error('INVALID_VALUE', path, 'version must be a tag of the image', {
    hint: 'a text in quotes, such as "2.0"',
  });
  return undefined;
}
