import { ReconcilerError } from '../../base/errors.ts';
import { compareText } from '../../base/values.ts';
import type { DesiredStack } from '../../model/stack.ts';
import type { LoggedCommit } from '../../ports/source.ts';
import type {
  CompareRequest,
  DeploymentComparison,
  ImageChange,
  StackCommit,
} from '../../public/files/files.ts';
import type { RunContext } from '../context.ts';
import { needDeployment, ownOf, toWrites } from '../write/restore-files.ts';
import { isShared } from '../write/rollback-files.ts';
import { diffFiles } from './diff-files.ts';
import { readOverlay } from './plan-overlay.ts';

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
  const own = new Set((await ownOf(context, files, between, signal)).map(({ path }) => path));
  const changes = between.filter(({ path }) => own.has(path) || named.has(path));
  const log = { files, named, signal };
  const [old, now] = [
    await readImages(context, stack, before, signal),
    await readImages(context, stack, after, signal),
  ];
  return {
    from: { number: before.number, revision: before.revision },
    to: { number: after.number, revision: after.revision },
    commits: await listCommits(context, before.revision, after.revision, log),
    undone: await listCommits(context, after.revision, before.revision, log),
    files: await diffFiles(context, stack, changes, signal),
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
  readonly files: readonly string[];
  readonly named: ReadonlySet<string>;
  readonly signal: AbortSignal;
}

/** Commits that change files of the stack. */
async function listCommits(
  context: RunContext,
  earlier: string,
  later: string,
  { files, named, signal }: Log,
): Promise<readonly StackCommit[]> {
  if (earlier === later) return [];
  const { source } = context;
  const found: StackCommit[] = [];
  for (const one of await source.between(earlier, later, MAX_LOOKED_THROUGH)) {
    if (found.length === MAX_COMMITS) break;
    const changes = await source.diff(one.parent, one.commit, signal);
    const isNamed = changes.some(({ path }) => named.has(path));
    if (isNamed || (await ownOf(context, files, changes, signal)).length > 0) found.push(toCommit(one));
  }
  return found;
}

function toCommit({ commit, subject, author, time }: LoggedCommit): StackCommit {
  return { commit, subject, author, time };
}

/** Images by service, as the stack was described then with the kits and settings of then. */
async function readImages(
  context: RunContext,
  stack: string,
  { revision, file, isRemoval }: Side,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const { desired, source } = context;
  const head = desired.revision?.commit ?? null;
  if (isRemoval || file === null) return new Map();
  if (revision === head) return imagesOf(desired.get(stack));
  const changes = await source.diff(head, revision, signal);
  const now = desired.get(stack)?.file ?? file;
  const own = await ownOf(context, [file, now], changes, signal);
  const shared = changes.filter(({ path }) => isShared(path));
  const writes = await toWrites(context, [...own, ...shared]);
  const { state } = await readOverlay(context, { stack, file, writes }, signal);
  return imagesOf(state?.get(stack));
}

function imagesOf(description: DesiredStack | undefined): ReadonlyMap<string, string> {
  return new Map(description?.services.map(({ name, image }) => [name, image]));
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
