import type { DiagnosticCollector } from '../../base/document-diagnostic.ts';
import type { Fields } from '../../base/values.ts';
import { asFields, asList, asString } from '../../base/values.ts';
import { normalisePath } from '../../model/docker/normalise-path.ts';
import type { Kombination } from './kombination.ts';

/** Word for named volumes in place of directories of the host. */
const VOLUMES = 'volumes';

/** Reads `data_dir`: an absolute path of the hosts, or the word `volumes`. */
export function readDataDir(
  document: Fields,
  diagnostics: DiagnosticCollector,
): Pick<Kombination, 'dataDir'> {
  const path = ['data_dir'];
  const text = asString(document['data_dir']);
  if (text === undefined) return {};
  if (text === VOLUMES) return { dataDir: { directory: null, path } };
  if (text.startsWith('/') && !text.split('/').includes('..'))
    return { dataDir: { directory: normalisePath(text), path } };
  diagnostics.error('INVALID_VALUE', path, `"${text}" is not an absolute path without ..`, {
    hint: 'write the directory of the hosts that relative paths start in, or volumes',
  });
  return { dataDir: { directory: null, path } };
}

/** Reads `adopts`: a project, or a map with the services that ran as well. */
export function readAdopts(document: Fields): Pick<Kombination, 'adopts'> {
  const written = document['adopts'];
  const fields = asFields(written);
  const project = asString(written) ?? asString(fields?.['project']);
  if (project === undefined) return {};
  const services = (asList(fields?.['services']) ?? []).filter((name) => typeof name === 'string');
  const built = Object.entries(asFields(fields?.['built']) ?? {}).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  const digests = built.length === 0 ? {} : { built: Object.fromEntries(built) };
  return { adopts: { project, services, ...digests, path: ['adopts'] } };
}
