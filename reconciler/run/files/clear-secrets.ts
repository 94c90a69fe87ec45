import { asFields, asList, asString } from '../../base/values.ts';
import { parseYamlStream } from '../../config/yaml-document.ts';
import { isSecretName } from '../../plan/text/secret-spans.ts';
import { secretsInLines } from '../../plan/text/mask-lines.ts';

/** A text without one of these words is not parsed: it has no such name. */
const WORTH_PARSING = /pass|secret|token|key|credential|pwd|auth/i;
const PAIR = /^([\w.-]+)=([^]*)$/;
/** Values that say how something is done, where it is, or that it stands elsewhere. */
const SETTING = /^(?:true|false|yes|no|on|off|none|null|enabled?|disabled?|\d{1,5}(?:ms|s|m|h|d)?)$/i;
const ELSEWHERE = /^(?:\.{0,2}\/|file:|secret:\/\/|ENC\[|\*+(?:\w|$)|[|>][-+\d]*$)/;

/** Values that stand in clear in texts under names of secrets, whole and line by line. */
export function findClearSecrets(texts: readonly string[]): readonly string[] {
  const found = texts.flatMap((text) => {
    const inLines = secretsInLines(text.split('\n'));
    return [...inLines, ...anchored(text, inLines), ...secretsInYaml(text)];
  });
  return [...new Set(found.flatMap(formsOf).filter((value) => !isHarmless(value)))];
}

/** Tells what is no secret, whatever its name is. */
export function isHarmless(value: string): boolean {
  return SETTING.test(value) || ELSEWHERE.test(value);
}

/** Values that an alias stands for, in a text that may be no YAML. */
function anchored(text: string, values: readonly string[]): readonly string[] {
  const names = new Set(values.flatMap((value) => /^\*([\w-]+)/.exec(value)?.[1] ?? []));
  if (names.size === 0) return [];
  return [...text.matchAll(/&([\w-]+)[ \t]+(\S.*)/g)].flatMap(([, name = '', value = '']) =>
    names.has(name) ? [value] : [],
  );
}

/** Aliases followed, and quotes and folds undone. A text that is none has none. */
function secretsInYaml(text: string): readonly string[] {
  if (!WORTH_PARSING.test(text)) return [];
  const found: string[] = [];
  for (const { value } of parseYamlStream(text)) collect(value, false, found);
  return found;
}

/** @param hidden it stands under the name of a secret */
function collect(value: unknown, hidden: boolean, found: string[]): void {
  const list = asList(value);
  const fields = asFields(value);
  if (list !== undefined) collectList(list, hidden, found);
  else if (fields === undefined) collectScalar(value, hidden, found);
  else {
    const isNamed = isSecretName(asString(fields['name']) ?? asString(fields['key']) ?? '');
    const isManifest = fields['kind'] === 'Secret';
    for (const [name, member] of Object.entries(fields)) {
      if (isManifest && /^(?:data|stringData)$/.test(name)) collectData(name, member, found);
      else collect(member, isSecretName(name) || (isNamed && name === 'value'), found);
    }
  }
}

function collectList(list: readonly unknown[], hidden: boolean, found: string[]): void {
  for (const [index, item] of list.entries()) {
    const before = asString(list[index - 1]) ?? '';
    collect(item, hidden || (/^--?[\w-]+$/.test(before) && isSecretName(before)), found);
  }
}

function collectScalar(value: unknown, hidden: boolean, found: string[]): void {
  if (value === null || value === undefined || typeof value === 'boolean') return;
  const text = `${value as string | number}`;
  const [, name = '', after = ''] = PAIR.exec(text) ?? [];
  if (hidden) found.push(text);
  else if (name !== '' && isSecretName(name)) found.push(after);
}

function collectData(name: string, data: unknown, found: string[]): void {
  for (const value of Object.values(asFields(data) ?? {})) {
    collectScalar(value, true, found);
    if (name === 'data' && typeof value === 'string') found.push(Buffer.from(value, 'base64').toString());
  }
}

/** A value without what is written around it, and its lines; of a variable with a default the default. */
function formsOf(value: string): readonly string[] {
  const lines = value.includes('\n') ? [value, ...value.split('\n')] : [value];
  return lines.flatMap((line) => {
    const bare = unquote(line.replace(/^\s*-\s+/, '').trim());
    if (!bare.includes('${')) return /^\$\w+$/.test(bare) ? [] : [bare, withoutComment(bare)];
    return [...bare.matchAll(/\$\{\w+:?-([^}]+)\}/g)].map(([, preset = '']) => preset);
  });
}

function withoutComment(value: string): string {
  return unquote(value.replace(/\s+#.*$/, '').replace(/[,;]$/, ''));
}

function unquote(text: string): string {
  const bare = text.replace(/^[&!]\S+\s+/, '');
  const quote = bare.charAt(0);
  const isQuoted = bare.length > 1 && (quote === '"' || quote === "'") && bare.endsWith(quote);
  return isQuoted ? bare.slice(1, -1) : bare.replace(/^["']/, '');
}
