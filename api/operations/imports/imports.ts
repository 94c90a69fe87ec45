import type { Actor, ImportSession, StackView } from '../../../reconciler/index.ts';
import { asFields, asList, asString, ReconcilerError } from '../../../reconciler/index.ts';
import type { ApiDeps } from '../deps.ts';
import { createEventQueue } from '../follow/event-queue.ts';
import { editStack } from '../stacks.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A part of a workflow in the words of its file. */
export interface GraphPart {
  readonly nodes: readonly Fields[];
  readonly edges: readonly Fields[];
}

/**
 * Commits nodes and edges behind those that a workflow has at that moment. Ids that it has already are changed, in edges as well. Throws BAD_OPTIONS
 * where two of the nodes have one id, INVALID_CONFIGURATION where the whole would not be valid, WRITE_CONFLICT.
 */
export async function appendGraph(
  deps: ApiDeps,
  { name }: StackView,
  part: GraphPart,
  actor: Actor,
): Promise<StackView> {
  const keys = (document: unknown) => joinGraphs(asFields(document) ?? {}, part);
  const { stack } = await editStack(deps, name, { keys }, actor);
  return stack ?? deps.reconciler.getStack(name);
}

/** Nodes and edges of a document with those of a part behind them. */
export function joinGraphs(document: Fields, { nodes, edges }: GraphPart): GraphPart {
  const there = fieldsOf(document['nodes']);
  const taken = new Set(there.map((node) => asString(node['id']) ?? ''));
  const ids = new Map<string, string>();
  const added = nodes.map((node) => {
    const id = asString(node['id']) ?? '';
    if (ids.has(id)) throw new ReconcilerError('BAD_OPTIONS', `two of the nodes have the id ${id}`);
    const free = freeId(id, taken);
    taken.add(free);
    ids.set(id, free);
    return { ...node, id: free };
  });
  const idOf = (end: unknown): unknown => ids.get(asString(end) ?? '') ?? end;
  // Ids of edges are made from their ends, which may be others now.
  const drawn = edges.map(({ id: _id, ...edge }) => ({
    ...edge,
    source: idOf(edge['source']),
    target: idOf(edge['target']),
  }));
  return { nodes: [...there, ...added], edges: [...fieldsOf(document['edges']), ...drawn] };
}

function fieldsOf(list: unknown): readonly Fields[] {
  return (asList(list) ?? []).flatMap((item): readonly Fields[] => {
    const fields = asFields(item);
    return fields === undefined ? [] : [fields];
  });
}

function freeId(id: string, taken: ReadonlySet<string>): string {
  for (let at = 1; ; at += 1) {
    const wanted = at === 1 ? id : `${id}-${at}`;
    if (!taken.has(wanted)) return wanted;
  }
}

/** A session as it is, and with every change until it has ended. Throws UNKNOWN_IMPORT at the first look. */
export async function* followImport(
  { reconciler }: Pick<ApiDeps, 'reconciler'>,
  { id, owner }: { readonly id: string; readonly owner: string },
  signal: AbortSignal,
): AsyncGenerator<ImportSession> {
  const { push, read } = createEventQueue<ImportSession>(signal);
  using _ = reconciler.followImport(id, owner, push);
  const first = reconciler.getImport(id, owner);
  yield first;
  if (first.completedAt !== null) return;
  for await (const session of read()) {
    yield session;
    if (session.completedAt !== null) return;
  }
}
