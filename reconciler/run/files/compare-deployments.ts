import { ReconcilerError } from '../../base/errors.ts';
import { createBreather } from '../../base/mutex.ts';
import { compareText } from '../../base/values.ts';
import type { ServiceView } from '../../model/stack.ts';
import type { FileChange, LoggedCommit } from '../../ports/source.ts';
import type {
  CompareRequest,
  DeploymentComparison,
  ImageChange,
  StackCommit,
} from '../../public/files/files.ts';
import type { RunContext } from '../context.ts';
import { listPresent, needDeployment, toWrites } from '../write/restore-files.ts';
import { createOwnership, isShared, ownChanges } from '../write/rollback-files.ts';
import { diffFiles } from './diff-files.ts';

/** Commits of everybody that are looked through for those of the stack. */
const MAX_LOOKED_THROUGH = 1_000;
const MAX_COMMITS = 200;

/** A side of the comparison. */
interface Side {
  readonly number: number | null;
  readonly revision: string;
  /** Path of the document then; `null`: nobody knows. */
  readonly file: string | null;
  /** The stack was taken away. */
  readonly isRemoval: boolean;
}

/** Compares what two deployments of a stack were made of, or one of them with what the branch says now. */
export async function compareDeployments(
  context: RunContext,
  { stack, from, to }: CompareRequest,
  signal: AbortSignal,
): Promise<DeploymentComparison> {
  const before = await findDeployment(context, stack, from);
  const after = to === 'current' ? current(context, stack) : await findDeployment(context, stack, to);
  const documents = [before.file, after.file, context.desired.get(stack)?.file ?? null];
  const files = documents.filter((file) => file !== null);
  const between = await context.source.diff(before.revision, after.revision, signal);
  const named = new Set(context.desired.describing(stack)?.files.map(({ path }) => path));
  const present = await listPresent(context, signal);
  const ownOf = createOwnership({ files, present });
  const own = new Set(ownOf(between).map(({ path }) => path));
  const changes = between.filter(({ path }) => own.has(path) || named.has(path));
  const isOfStack = (some: readonly FileChange[]) =>
    some.some(({ path }) => named.has(path)) || ownOf(some).length > 0;
  const log = { isOfStack, signal };
  const [old, now] = [
    await readImages(context, { stack, present, ...before }, signal),
    await readImages(context, { stack, present, ...after }, signal),
  ];
  return {
    from: { number: before.number, revision: before.revision },
    to: { number: after.number, revision: after.revision },
    commits: await listCommits(context, before.revision, after.revision, log),
    undone: await listCommits(context, after.revision, before.revision, log),
    files: await diffFiles(context, stack, { changes }, signal),
    images: compareImages(old, now),
  };
}

async function findDeployment(context: RunContext, stack: string, number: number): Promise<Side> {
  const { deployment } = await needDeployment(context, stack, number);
  return deployment;
}

function current({ desired }: RunContext, stack: string): Side {
  const revision = desired.revision?.commit;
  if (revision === undefined)
    throw new ReconcilerError('REPOSITORY_UNREACHABLE', 'the repository has not been read yet');
  const file = desired.get(stack)?.file ?? null;
  return { number: null, revision, file, isRemoval: file === null };
}

interface Log {
  readonly isOfStack: (changes: readonly FileChange[]) => boolean;
  readonly signal: AbortSignal;
}

/** Commits that change files of the stack. */
async function listCommits(
  context: RunContext,
  earlier: string,
  later: string,
  { isOfStack, signal }: Log,
): Promise<readonly StackCommit[]> {
  if (earlier === later) return [];
  const { source, clock } = context;
  const breathe = createBreather(clock);
  const found: StackCommit[] = [];
  for (const one of await source.between(earlier, later, MAX_LOOKED_THROUGH)) {
    if (found.length === MAX_COMMITS) break;
    if (isOfStack(await source.diff(one.parent, one.commit, signal))) found.push(toCommit(one));
    await breathe(signal);
  }
  return found;
}

function toCommit({ commit, subject, author, time }: LoggedCommit): StackCommit {
  return { commit, subject, author, time };
}

interface SideOfStack extends Side {
  readonly stack: string;
  /** Paths of all files that are there now. */
  readonly present: readonly string[];
}

/** Images by service, as the stack was described then with the kits and settings of then. */
async function readImages(
  context: RunContext,
  { stack, present, revision, file, isRemoval }: SideOfStack,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const { desired, source } = context;
  const head = desired.revision?.commit ?? null;
  if (isRemoval || file === null) return new Map();
  if (revision === head) return imagesOf(desired.get(stack)?.services);
  const changes = await source.diff(head, revision, signal);
  const now = desired.get(stack)?.file ?? file;
  const files = [file, now];
  const own = ownChanges({ files, present, changes });
  const shared = changes.filter(({ path }) => isShared(path));
  const writes = await toWrites(context, [...own, ...shared]);
  return imagesOf(await desired.servicesWith(writes, { stack, files }, signal));
}

function imagesOf(services: readonly ServiceView[] = []): ReadonlyMap<string, string> {
  return new Map(services.map(({ name, image }) => [name, image]));
}

function compareImages(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly ImageChange[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .sort(compareText)
    .map((service) => ({
      service,
      before: before.get(service) ?? null,
      after: after.get(service) ?? null,
    }))
    .filter((image) => image.before !== image.after);
}
