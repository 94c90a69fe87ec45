import { showLine } from '../../base/shown-text.ts';
import { formatBytes } from '../../base/units.ts';
import { asFields, asList, asString } from '../../base/values.ts';
import type { ContentChange, ContentSide } from '../change.ts';
import type { Change } from '../plan.ts';
import { describeLines } from './diff-text.ts';
import type { PlanLine } from './lines.ts';
import { about, span } from './lines.ts';

/** More files of one container are counted. */
const MAX_FILES_NAMED = 20;
const HASH_SHOWN = 10;

/** The files that a new container is given, by their paths. */
export function filesOfNew({ after, contents = [] }: Change): readonly PlanLine[] {
  const known = new Map(contents.map((content) => [content.target, content]));
  const targets = (asList(after?.['files']) ?? []).flatMap(
    (file) => asString(asFields(file)?.['target']) ?? [],
  );
  const lines = targets.slice(0, MAX_FILES_NAMED).map((target) => {
    const content = known.get(target);
    return about(' ', [
      span('file: ', 'dim'),
      span(nameOf({ target, ...content })),
      ...sizeOf(content?.after),
    ]);
  });
  const more = targets.length - MAX_FILES_NAMED;
  return more > 0 ? [...lines, about(' ', [span(`and ${more} more files`, 'dim')])] : lines;
}

/** The files whose content differs, with the lines that do. */
export function describeContents(contents: readonly ContentChange[]): readonly PlanLine[] {
  return contents.flatMap((content) => {
    const { before, after, lines, omitted = 0 } = content;
    const sign = before === null ? '+' : after === null ? '-' : '~';
    const head = about(sign, [span(`file ${nameOf(content)}`, 'strong'), ...noteOf(content)]);
    return lines === undefined ? [head] : [head, ...describeLines(lines, omitted)];
  });
}

/** `/etc/app.conf, from app.conf` */
function nameOf({ target, source }: Pick<ContentChange, 'target' | 'source'>): string {
  return showLine(source === undefined ? target : `${target}, from ${source}`);
}

function noteOf({ before, after, lines, binary }: ContentChange) {
  if (lines !== undefined) return [];
  if (before === null) return sizeOf(after);
  if (after === null) return sizeOf(before);
  if (before.bytes === null) return [span(' (what was there before is not in the repository)', 'dim')];
  const sides = [before, after].map((side) => describeSide(side, binary === true));
  return [span(` (${binary === true ? 'binary' : 'not compared'}: ${sides.join(' → ')})`, 'dim')];
}

function sizeOf(side: ContentSide | null | undefined) {
  return side?.bytes === null || side === null || side === undefined
    ? []
    : [span(` (${formatBytes(side.bytes)})`, 'dim')];
}

function describeSide({ blob, bytes }: ContentSide, named: boolean): string {
  const size = bytes === null ? 'unknown size' : formatBytes(bytes);
  return named ? `${size}, ${blob.slice(0, HASH_SHOWN)}` : size;
}
