import type { Json, JsonObject } from '../../base/json.ts';
import { jsonEquals } from '../../base/json.ts';
import { formatBytes } from '../../base/units.ts';
import { showLine } from '../../base/shown-text.ts';
import type { Fields } from '../../base/values.ts';
import { asFields, asList, asString, asText, own } from '../../base/values.ts';
import type { FieldChange } from '../change.ts';
import { topLevelKey } from '../diff-spec.ts';
import type { Change } from '../plan.ts';
import { describeContents, filesOfNew } from './contents.ts';
import { diffLines } from './diff-lines.ts';
import { describeLines } from './diff-text.ts';
import { factsOf, mountText, portText } from './facts.ts';
import type { PlanLine } from './lines.ts';
import { about, span } from './lines.ts';
import { maskLines } from './mask-lines.ts';
import { risksOf } from './risks.ts';
import { formatValue, shortenHashes } from './values.ts';

/** Two values that are no longer than this together stand on one line. */
const MAX_BESIDE = 100;
const MAX_TEXT_LINES = 40;

/** Tells what a change is about, risks first: what is new is given, which fields and which lines of files differ. */
export function describeChange(change: Change): readonly PlanLine[] {
  const { action, kind, before, after } = change;
  if (action === 'delete' || (action === 'no-op' && change.fields.length === 0)) return [];
  const known = new Set(action === 'create' ? [] : risksOf(kind, before));
  const risks = risksOf(kind, after)
    .filter((risk) => !known.has(risk))
    .map((risk) => about('!', [span(showLine(risk), 'bad')]));
  if (action === 'create') return [...risks, ...factLines(change), ...filesOfNew(change)];
  return [...risks, ...fieldLines(change), ...describeContents(change.contents ?? [])];
}

function factLines({ kind, after }: Change): readonly PlanLine[] {
  return factsOf(kind, after).map(([name, text]) => {
    const value = span(shortenHashes(showLine(text)));
    return about(' ', name === '' ? [value] : [span(`${name}: `, 'dim'), value]);
  });
}

/** Lists whose order means nothing: what was added and taken away is shown, not what stands at which place. */
const KEYED: ReadonlyMap<string, (item: Fields) => string> = new Map([
  ['ports', portText],
  ['mounts', mountText],
  ['secrets', fileText],
  ['files', fileText],
]);

function fieldLines({ fields, before, after, contents }: Change): readonly PlanLine[] {
  const lines: PlanLine[] = [];
  const done = new Set<string>();
  for (const field of fields) {
    const key = topLevelKey(field.path);
    const write = /^\w+\[/.test(field.path) || field.path === key ? KEYED.get(key) : undefined;
    if (write === undefined || before === null || after === null || field.sensitive === true) {
      lines.push(...fieldLine(field));
      continue;
    }
    if (done.has(key)) continue;
    done.add(key);
    // A file that comes or goes is told of with its content.
    const told = new Set((contents ?? []).flatMap((file) => (file.before && file.after ? [] : file.target)));
    const keyed = listLines(key, (item) => (told.has(asText(item['target'])) ? '' : write(item)), {
      before,
      after,
    });
    // A file whose content alone differs is shown with its lines.
    if (keyed.length === 0 && !(key === 'files' && (contents ?? []).length > 0))
      lines.push(...fieldLine(field));
    lines.push(...keyed);
  }
  return lines;
}

function listLines(
  key: string,
  write: (item: Fields) => string,
  specs: { readonly before: JsonObject; readonly after: JsonObject },
): readonly PlanLine[] {
  const texts = (spec: JsonObject) =>
    (asList(own(spec, key)) ?? []).map((item) => write(asFields(item) ?? {})).filter((text) => text !== '');
  const old = texts(specs.before);
  const now = texts(specs.after);
  return [
    ...old
      .filter((text) => !now.includes(text))
      .map((text) => about('-', [span(`${key}: `), span(showLine(text), 'bad')])),
    ...now
      .filter((text) => !old.includes(text))
      .map((text) => about('+', [span(`${key}: `), span(showLine(text), 'good')])),
  ];
}

/** `/etc/app.conf (0644, owner 1000:1000)`: all but its content. */
function fileText({ target, mode, uid, gid }: Fields): string {
  const owner =
    uid === undefined && gid === undefined ? [] : [`owner ${asText(uid ?? 0)}:${asText(gid ?? 0)}`];
  const bits = typeof mode === 'number' ? [formatValue(mode, 'mode')] : [];
  return `${asString(target) ?? '?'} (${[...bits, ...owner].join(', ')})`;
}

function fieldLine({ path, before, after, sensitive }: FieldChange): readonly PlanLine[] {
  const name = showLine(path);
  if (sensitive === true) return [about('~', [span(`${name}: *** (the hidden value may have changed)`)])];
  if (path === 'hash') return [about('~', 'something that its labels do not tell')];
  if (path === 'build.context') return [about('~', 'build.context: other files')];
  if (/^\.?binaryData\b/.test(path))
    return [
      about('~', [span(`${name}: `), binarySpan(before, 'bad'), span(' → '), binarySpan(after, 'good')]),
    ];
  if (typeof before === 'string' && typeof after === 'string' && isText(before, after))
    return [about('~', `${name}:`), ...textLines(before, after)];
  const old = valueSpan(before, path, 'bad');
  const now = valueSpan(after, path, 'good');
  if (old.text.length + now.text.length <= MAX_BESIDE || before === null || after === null)
    return [about('~', [span(`${name}: `), old, span(' → '), now])];
  return [about('~', `${name}:`), about('-', [old]), about('+', [now])];
}

function valueSpan(value: Json, path: string, tone: 'good' | 'bad') {
  return span(formatValue(value, path), value === null ? 'dim' : tone);
}

/** Size of what is written in base64. */
function binarySpan(value: Json, tone: 'good' | 'bad') {
  const size = typeof value === 'string' ? formatBytes(Buffer.byteLength(value, 'base64')) : '(not set)';
  return span(size, tone);
}

function isText(before: string, after: string): boolean {
  return before.includes('\n') || after.includes('\n');
}

function textLines(before: string, after: string): readonly PlanLine[] {
  if (jsonEquals(before, after)) return [];
  const { lines, omitted } = diffLines(before, after, { maxLines: MAX_TEXT_LINES, shown: maskLines });
  return describeLines(lines, omitted);
}
