import type { DocumentPath } from '../../base/document-path.ts';
import { createMoves } from './dialect-moves.ts';
import { normaliseNode } from './dialect-node.ts';
import { applySections } from './dialect-sections.ts';
import { normaliseService, SERVICE_WORDS } from './dialect-service.ts';
import type { DiagnosticCollector } from '../../base/document-diagnostic.ts';
import type { Fields } from '../../base/values.ts';
import { asFields, asList, emptyRecord, own, asText } from '../../base/values.ts';

/** A document in the words of the public format, with a way back to what the author wrote. */
export interface Normalised {
  readonly value: unknown;
  /** The author's own path for a path in `value`. */
  sourcePath(path: DocumentPath): DocumentPath;
}

/** Keys of the top level that only the intent dialect and older pages have. */
const DOCUMENT_WORDS = new Set(
  (
    'name kit overrides network security system identity observability metadata intents intent mode operations ' +
    'failover vpn auth adoption'
  ).split(' '),
);

const NODE_WORDS = ['ssh', 'ip', 'provider', 'network', 'docker', 'taints'];
const MAIN_TYPES = ['main', 'worker', 'edge'];

/**
 * Rewrites the intent dialect, and mixtures of both, into the public format. The document has been checked against the
 * schema and may have failed; what has a wrong type is passed over. Most documents come back as they are.
 */
export function normaliseDocument(value: unknown, diagnostics: DiagnosticCollector): Normalised {
  const document = asFields(value);
  if (!document || !isForeign(document)) return { value, sourcePath: (path) => path };
  const { moves, sourcePath } = createMoves();
  const result: Record<string, unknown> = { ...document };
  // The drift settings of operations are read with the policy.
  for (const key of DOCUMENT_WORDS) if (key !== 'operations') delete result[key];
  applySections(document, result, { moves, diagnostics });
  const nodes = asList(document['nodes']);
  const types = nodes?.map((node) => asFields(node)?.['type']) ?? [];
  const main = types.indexOf('main');
  if (nodes) {
    result['nodes'] = nodes.map((node, index) => {
      const fields = asFields(node);
      return fields ? normaliseNode(fields, ['nodes', index], { moves, diagnostics }) : node;
    });
  }
  const context = {
    moves,
    diagnostics,
    node: main > 0 ? asFields(nodes?.[main])?.['name'] : undefined,
    container: asFields(asFields(document['security'])?.['container']),
    volumes: emptyRecord<unknown>(),
  };
  result['services'] = normaliseServices(document, context);
  if (Object.keys(context.volumes).length > 0) {
    result['volumes'] = { ...context.volumes, ...asFields(document['volumes']) };
  }
  return { value: result, sourcePath };
}

/** Tells whether any word of the document is not of the public format; looked for in every document, so it must be quick. */
function isForeign(document: Fields): boolean {
  for (const key of Object.keys(document)) if (DOCUMENT_WORDS.has(key)) return true;
  for (const item of asList(document['nodes']) ?? []) {
    const node = asFields(item) ?? {};
    if (NODE_WORDS.some((key) => Object.hasOwn(node, key)) || MAIN_TYPES.includes(asText(node['type'])))
      return true;
  }
  const services = document['services'];
  for (const item of asList(services) ?? Object.values(asFields(services) ?? {})) {
    const fields = asFields(item);
    if (!fields) continue;
    for (const key of Object.keys(fields)) if (SERVICE_WORDS.has(key)) return true;
    if (hasForeignItem(fields['ports'], 'container') || hasForeignItem(fields['volumes'], 'mountPath'))
      return true;
    const resources = asFields(fields['resources']);
    if (resources && RESOURCE_WORDS.some((key) => Object.hasOwn(resources, key))) return true;
  }
  return false;
}

const RESOURCE_WORDS = ['cpuLimit', 'memoryLimit', 'cpuRequest', 'memoryRequest'];

function hasForeignItem(list: unknown, key: string): boolean {
  return (asList(list) ?? []).some((item) => Object.hasOwn(asFields(item) ?? {}, key));
}

function normaliseServices(document: Fields, context: Parameters<typeof normaliseService>[2]): unknown {
  const { services } = document;
  const overrides = asFields(document['overrides']) ?? {};
  const used = new Set<string>();
  const engines = namesOfEngines(services);
  const one = (name: unknown, settings: unknown, path: DocumentPath): unknown => {
    const written = asFields(settings) ?? {};
    const key = asText(name);
    const override = asFields(own(overrides, key));
    if (override) used.add(key);
    for (const word of Object.keys(override ?? {})) {
      context.moves.move([...path, word], ['overrides', key, word]);
    }
    if (engines.has(key)) {
      context.diagnostics.warning(
        'NOT_APPLIED',
        path,
        `${key} is not applied: every node has an engine already`,
        {
          hint: 'take it out',
          at: 'key',
        },
      );
      return { ...(typeof written['name'] === 'string' ? { name: key } : {}), enabled: false };
    }
    if (!override && typeof settings !== 'object' && !context.node && !context.container) return settings;
    const enabled = typeof settings === 'boolean' ? { enabled: settings } : {};
    const listed = typeof settings === 'string' ? { name: settings } : {};
    return normaliseService({ ...listed, ...enabled, ...written, ...override }, path, {
      ...context,
      engines,
    });
  };
  const list = asList(services);
  const result = list
    ? list.map((item, index) => {
        const name = typeof item === 'string' ? item : asFields(item)?.['name'];
        return name === undefined ? item : one(name, item, ['services', index]);
      })
    : asFields(services) &&
      Object.fromEntries(
        Object.entries(asFields(services) ?? {}).map(([name, item]) => [
          name,
          one(name, item, ['services', name]),
        ]),
      );
  for (const name of Object.keys(overrides)) {
    if (used.has(name)) continue;
    context.diagnostics.error(
      'UNKNOWN_SERVICE',
      ['overrides', name],
      `there is no service ${name} to override`,
      {
        at: 'key',
      },
    );
  }
  return result ?? services;
}

/** Services of the type docker stand for the engine, which is there without being listed. */
function namesOfEngines(services: unknown): ReadonlySet<string> {
  const pairs = asList(services)?.map((item) => [asFields(item)?.['name'], item] as const);
  const all = pairs ?? Object.entries(asFields(services) ?? {});
  return new Set(
    all.flatMap(([name, item]) => {
      const fields = asFields(item);
      const type = fields?.['type'] ?? fields?.['kind'];
      return type === 'docker' && fields?.['image'] === undefined ? [asText(name)] : [];
    }),
  );
}
