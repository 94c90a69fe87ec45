import { validRange } from 'semver';
import type { DocumentPath } from '../../../base/document-path.ts';
import type { DiagnosticCollector } from '../../../base/document-diagnostic.ts';
import { errorMessage } from '../../../base/errors.ts';
import { isProblem } from '../../../base/problem.ts';
import { parseSchedule } from '../../../base/schedule.ts';
import type { Fields } from '../../../base/values.ts';
import { asFields, asString, own } from '../../../base/values.ts';
import type { ImageUpdate, ImageUpdates } from '../../../model/docker/image-update.ts';

/** Reads `image_update` of a service, `undefined` where there is none; the schema has reported what has another form. */
export function readImageUpdate(service: Fields): ImageUpdate | undefined {
  const fields = asFields(own(service, 'image_update'));
  const text = (key: string) => asString(own(fields, key));
  const [range, pattern] = [text('range'), text('pattern')];
  switch (text('policy')) {
    case 'semver':
      return range === undefined ? undefined : { policy: 'semver', range };
    case 'regex':
      return pattern === undefined
        ? undefined
        : {
            policy: 'regex',
            pattern,
            order: text('order') === 'alphabetical' ? 'alphabetical' : 'numeric',
          };
    case 'digest':
      return { policy: 'digest' };
    default:
      return undefined;
  }
}

/** Reports what the schema cannot tell of `image_update`. */
export function checkImageUpdate(
  service: Fields,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): void {
  const update = readImageUpdate(service);
  const at = (key: string): DocumentPath => [...path, 'image_update', key];
  if (update?.policy === 'semver' && validRange(update.range) === null)
    diagnostics.error('INVALID_FORMAT', at('range'), `"${update.range}" is no range of versions`, {
      hint: 'such as ^1.29, ~1.29.1, 1.x or >=1.2 <3',
    });
  if (update?.policy !== 'regex') return;
  try {
    new RegExp(update.pattern, 'u').test('');
  } catch (error) {
    diagnostics.error('INVALID_FORMAT', at('pattern'), errorMessage(error), {
      hint: String.raw`such as '^v(\d+)$'`,
    });
  }
}

/** Reads `image_updates` of `kombinator.yaml`; `null`: nothing is looked for. */
export function readImageUpdates(document: Fields, diagnostics: DiagnosticCollector): ImageUpdates | null {
  const fields = asFields(own(document, 'image_updates'));
  const schedule = asString(own(fields, 'schedule'));
  if (schedule === undefined) return null;
  const found = parseSchedule(schedule);
  if (isProblem(found))
    diagnostics.error(found.code ?? 'INVALID_FORMAT', ['image_updates', 'schedule'], found.problem, {
      hint: found.hint,
    });
  const as = own(fields, 'as');
  return { schedule, as: as === 'branch' || as === 'pull' ? as : 'commit' };
}
