import { asFields, asList, own } from '../../base/values.ts';
import type { Connection, Fill } from '../../model/workflow/connection.ts';
import type { Workflow } from './workflow.ts';
import type { ResolvedEdge } from './workflow-edges.ts';
import { LINKS } from './workflow-edges.ts';
import type { FilledNode } from './workflow-values.ts';
import { isBlank } from './workflow-values.ts';

interface Explained {
  readonly workflow: Workflow;
  readonly nodes: readonly FilledNode[];
  readonly edges: readonly ResolvedEdge[];
}

interface Pair {
  /** Data as written. */
  readonly written: Readonly<Record<string, unknown>>;
  readonly filled: FilledNode;
}

/** Says of each edge what it passes on into fields that the file leaves blank. */
export function explainEdges({ workflow, nodes, edges }: Explained): readonly Connection[] {
  const written = new Map(workflow.nodes.map(({ id, data }) => [id, data]));
  const pairs = new Map(
    nodes.map((filled): [string, Pair] => [filled.id, { written: written.get(filled.id) ?? {}, filled }]),
  );
  return edges.map((edge) => {
    const { source, target, first, second, path, link } = edge;
    const index = Number(path.at(-1));
    const fills = link === null ? [] : fillsOf(link, pairs);
    return { index, source, target, link: link?.kind ?? null, first: first.id, second: second.id, fills };
  });
}

function fillsOf(
  { kind, provider, dependent }: NonNullable<ResolvedEdge['link']>,
  pairs: ReadonlyMap<string, Pair>,
): readonly Fill[] {
  const giver = pairs.get(provider.id);
  const taker = pairs.get(dependent.id);
  if (giver === undefined || taker === undefined) return [];
  if (kind === 'mount') return mountsOf(giver, taker);
  const hasPaths = (asList(taker.filled.data['paths']) ?? []).length > 0;
  const fields = (LINKS.find((one) => one.kind === kind)?.fields ?? []).filter(
    // Names beside the paths of an ingress count for nothing.
    (field) => !hasPaths || (field !== 'serviceName' && field !== 'servicePort'),
  );
  const named = own(taker.filled.data, fields[0] ?? '');
  // Another one was faster.
  if (typeof named === 'string' && named !== giver.filled.name) return [];
  const given = fields.flatMap((field) => fillOf(field, taker));
  return kind === 'service' && provider.type === 'statefulset'
    ? [...given, ...fillOf('serviceName', giver)]
    : given;
}

/** A field that was blank and has a value now. */
function fillOf(field: string, { written, filled }: Pair): readonly Fill[] {
  const before = own(written, field);
  const value = own(filled.data, field);
  const isFilled = isBlank(before) ? !isBlank(value) : hasBlankItems(before, value);
  return isFilled ? [{ node: filled.id, field, value, kind: 'field' }] : [];
}

/** Paths of an ingress are filled in one by one. */
function hasBlankItems(before: unknown, after: unknown): boolean {
  return asList(before) !== undefined && JSON.stringify(before) !== JSON.stringify(after);
}

function mountsOf({ filled: giver }: Pair, { written, filled: taker }: Pair): readonly Fill[] {
  const kind = giver.type === 'persistentvolumeclaim' ? 'persistentVolumeClaim' : giver.type;
  const isOwn = (item: unknown): boolean => {
    const mount = asFields(item);
    return mount?.['name'] === giver.name && mount['type'] === kind;
  };
  const was = (asList(written['volumeMounts']) ?? []).some(isOwn);
  const mount = asFields((asList(taker.data['volumeMounts']) ?? []).find(isOwn));
  const variables = taker.envSources.filter(({ from, name }) => from === giver.type && name === giver.name);
  return [
    ...(was || mount === undefined
      ? []
      : [{ node: taker.id, field: 'volumeMounts', value: mount['mountPath'], kind: 'mount' as const }]),
    ...variables.map(({ variable }): Fill => ({
      node: taker.id,
      field: variable,
      value: giver.name,
      kind: 'variable',
    })),
  ];
}
