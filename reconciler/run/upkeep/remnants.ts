import { hasErrors } from '../../base/diagnostic.ts';
import { errorMessage, isReconcilerError, ReconcilerError } from '../../base/errors.ts';
import { formatOrigin } from '../../model/git/source-root.ts';
import type { TargetReference } from '../../model/target.ts';
import { targetKey } from '../../model/target.ts';
import type { PruneScope, Remnant } from '../../ports/inventory/images.ts';
import { hasCapability } from '../../ports/target-capabilities.ts';
import type { Target } from '../../ports/target.ts';
import type { RemnantList, RemnantView } from '../../public/upkeep/upkeep.ts';
import type { RunContext } from '../context.ts';

type Note = RemnantList['notes'][number];

/** A remnant with what its removal takes. */
export interface FoundRemnant {
  readonly view: RemnantView;
  readonly remnant: Remnant;
  readonly reference: TargetReference;
}

export interface FoundRemnants {
  readonly found: readonly FoundRemnant[];
  readonly notes: readonly Note[];
}

/** Looks for images, and build caches, that nobody uses, on every node that the repository names. */
export async function findRemnants(context: RunContext, signal: AbortSignal): Promise<FoundRemnants> {
  refuseUnknown(context);
  const notes: Note[] = [];
  const found: FoundRemnant[] = [];
  for (const reference of nodesOf(context)) {
    try {
      found.push(...(await findOn(context, reference, signal)));
    } catch (error) {
      if (signal.aborted || !isReconcilerError(error)) throw error;
      notes.push({ subject: reference.name, message: errorMessage(error) });
    }
  }
  return { found, notes };
}

async function findOn(
  context: RunContext,
  reference: TargetReference,
  signal: AbortSignal,
): Promise<readonly FoundRemnant[]> {
  const found: FoundRemnant[] = [];
  const remnants = await context.pool.probe(reference, (target) => ask(context, reference, target, signal));
  for (const remnant of remnants) {
    if (await isOurs(context, remnant)) found.push({ view: toView(reference, remnant), remnant, reference });
  }
  return found;
}

/** A description with errors does not say what it wants. */
function refuseUnknown({ desired }: RunContext): void {
  if (desired.revision === null)
    throw new ReconcilerError('REPOSITORY_UNREACHABLE', 'the repository has not been read yet', {
      retryable: true,
    });
  const broken = desired.names().filter((name) => hasErrors(desired.get(name)?.diagnostics ?? []));
  if (broken.length === 0) return;
  throw new ReconcilerError(
    'INVALID_CONFIGURATION',
    `it cannot be told what is left over while descriptions have errors: ${broken.join(', ')}`,
  );
}

/** Each machine once, however many nodes stand for it. */
function nodesOf({ desired }: RunContext): readonly TargetReference[] {
  const nodes = new Map<string, TargetReference>();
  for (const { reference } of desired.nodes()) nodes.set(targetKey(reference), reference);
  for (const name of desired.names())
    for (const reference of desired.get(name)?.targets ?? []) nodes.set(targetKey(reference), reference);
  return [...nodes.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function ask(
  { store, desired }: RunContext,
  reference: TargetReference,
  target: Target,
  signal: AbortSignal,
): Promise<readonly Remnant[]> {
  if (!hasCapability(target, 'prunes'))
    throw new ReconcilerError('TARGET_UNSUPPORTED', prunesItself(reference, target));
  const scope: PruneScope = {
    fetched: store.listFetchedImages(targetKey(reference)),
    described: desired.names().flatMap((name) => describedImages(desired.get(name))),
  };
  return target.remnants(scope, signal);
}

function prunesItself({ name }: TargetReference, { kind }: Target): string {
  return kind === 'kubernetes'
    ? `prune is not for clusters: the nodes of ${name} take away images themselves when they need the room`
    : `${name} has nothing that could be pruned: it is a target of kind ${kind}`;
}

function describedImages(description: ReturnType<RunContext['desired']['get']>): readonly string[] {
  const images = [
    ...(description?.resources ?? []).filter(({ kind }) => kind === 'image'),
    ...(description?.hooks ?? []).map(({ image }) => image),
  ];
  return images.flatMap(({ spec }) => (typeof spec['reference'] === 'string' ? [spec['reference']] : []));
}

/** An image that was built from a commit that this repository does not have, or on another branch, is another one's. */
async function isOurs({ source }: RunContext, { builtFor }: Remnant): Promise<boolean> {
  if (builtFor === null) return true;
  const { revision, branch } = builtFor;
  if (branch !== null && branch !== formatOrigin(source)) return false;
  return revision !== null && (await source.contains(revision)) === true;
}

function toView({ name }: TargetReference, { kind, id, names, sizeBytes, builtFor }: Remnant): RemnantView {
  return { id: `${name}/${id}`, kind, node: name, names, sizeBytes, stack: builtFor?.stack ?? null };
}
