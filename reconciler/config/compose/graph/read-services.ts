import type { DiagnosticCollector, DocumentDiagnostic } from '../../../base/document-diagnostic.ts';
import { createDiagnosticCollector } from '../../../base/document-diagnostic.ts';
import { ReconcilerError } from '../../../base/errors.ts';
import type { DocumentPath } from '../../../base/document-path.ts';
import { formatPath } from '../../../base/document-path.ts';
import type { Fields } from '../../../base/values.ts';
import { asFields, asText } from '../../../base/values.ts';
import type { ServiceFields } from '../../kombination/kombination.ts';
import { readServiceFields } from '../../kombination/service/service-fields.ts';
import type { SchemaCheck } from '../../schema-check.ts';
import type { ReadProject } from '../import/read-project.ts';
import { isMapNode } from '../merge.ts';
import type { MapNode } from '../node.ts';
import { child, entriesOf, toPlain, withEntry } from '../node.ts';
import { normaliseDocument } from '../normalise.ts';
import type { Remarks } from './remarks.ts';

/** A service with all that its words stand for. */
export interface ReadService {
  readonly name: string;
  /** Normal form, in which short forms of single values are as written. */
  readonly node: MapNode;
  readonly plain: Fields;
  readonly fields: ServiceFields;
}

export interface ReadServices {
  readonly services: readonly ReadService[];
  /** The project in its normal form. */
  readonly document: Fields;
}

/** Services beyond this number are no project but an attack. */
const MAX_SERVICES = 1_000;

/** Reads the services of a project; what is wrong with it becomes faults. Throws FILE_TOO_LARGE for too many of them. */
export function readServices(
  { project, environment }: ReadProject,
  model: MapNode,
  { remarks, checkSchema }: { readonly remarks: Remarks; readonly checkSchema: SchemaCheck },
): ReadServices {
  const size = entriesOf(child(model, 'services')).length;
  if (size > MAX_SERVICES)
    throw new ReconcilerError(
      'FILE_TOO_LARGE',
      `the project has ${size} services, ${MAX_SERVICES} are read: split it`,
    );
  const bare = ['version', 'name'].reduce((result, key) => withEntry(result, key, undefined), model);
  const normal = normaliseDocument(project, bare, { environment, placeBinds: (_, service) => service });
  const diagnostics = createDiagnosticCollector();
  const document = asFields(toPlain(normal)) ?? {};
  checkSchema('kombination', { version: '1.0', meta: { name: project.name }, ...document }, diagnostics);
  const services = entriesOf(child(normal, 'services')).flatMap(([name, node]): readonly ReadService[] => {
    if (!isMapNode(node)) return [];
    const plain = asFields(toPlain(node)) ?? {};
    return [{ name, node, plain, fields: readServiceFields(plain, ['services', name], diagnostics) }];
  });
  report(diagnostics, remarks);
  for (const { severity, code, message, place } of project.diagnostics) {
    const path = place?.path ?? [];
    // A thing that an engine cannot do may be nothing to a cluster; keys that are left out are told of elsewhere.
    if (severity === 'error' && code !== 'UNSUPPORTED_KEY') remarks.fault(toFault(code, message, path));
    else if (!SAID_ELSEWHERE.has(code)) remarks.warn(formatPath(path) || 'project', message);
  }
  return { services, document };
}

/** Findings about keys that only matter to an engine. */
const SAID_ELSEWHERE = new Set(['OBSOLETE_KEY', 'BIND_AS_VOLUME']);

function report(diagnostics: DiagnosticCollector, remarks: Remarks): void {
  for (const { severity, code, message, path } of diagnostics.list)
    if (severity === 'error' && !isOfEngines({ code, path })) remarks.fault(toFault(code, message, path));
}

/** An engine asks for an image or a build; here, that is told of by itself. */
function isOfEngines({ code, path }: Pick<DocumentDiagnostic, 'code' | 'path'>): boolean {
  return code === 'REQUIRED' && path[0] === 'services' && path.length <= 2;
}

export function toFault(code: string, message: string, path: DocumentPath) {
  const [first, second, ...rest] = path;
  if (first !== 'services' || second === undefined)
    return path.length === 0 ? { code, message } : { code, message, field: formatPath(path) };
  const service = { code, message, service: asText(second) };
  return rest.length === 0 ? service : { ...service, field: formatPath(rest) };
}
