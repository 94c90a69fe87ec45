import { ReconcilerError } from '../../base/errors.ts';
import type { FileChange, FileWrite } from '../../ports/source.ts';
import type { RunContext } from '../context.ts';
import type { DeploymentRecord } from '../record/deployment-tag.ts';
import { ownChanges, sharedChanges } from './rollback-files.ts';

/** Files that a rollback would write. */
export interface RollbackDraft {
  /** The document of the stack, as it was called then. */
  readonly file: string;
  readonly writes: readonly FileWrite[];
  /** The same as changes of what is there now. */
  readonly changes: readonly FileChange[];
  /** Message of the commit. */
  readonly text: string;
}

/** Throws as `WriteOperations.rollback` does. */
export async function draftRollback(
  context: RunContext,
  stack: string,
  to: number,
  signal: AbortSignal,
): Promise<RollbackDraft> {
  const { desired } = context;
  const { deployment, history } = await needDeployment(context, stack, to);
  if (deployment.isRemoval) throw wasRemoval(stack, deployment, history);
  refuseOfTemplate(context, stack);
  const now = desired.get(stack)?.file ?? null;
  const file = deployment.file ?? now;
  if (file === null)
    throw new ReconcilerError(
      'BAD_OPTIONS',
      `${stack} is not described any more, and ${deployment.tag} does not tell which file described it`,
    );
  const { writes, changes, shared } = await restoring(
    context,
    [file, now ?? file],
    deployment.revision,
    signal,
  );
  if (writes.length === 0)
    throw new ReconcilerError('BAD_OPTIONS', `the files of ${stack} are already as in deployment ${to}`);
  if (writes.some(({ path, content }) => path === file && content === null))
    throw wasRemoval(stack, deployment, history);
  const from = history.at(-1)?.number ?? to;
  return { file, writes, changes, text: rollbackMessage(deployment, from, shared) };
}

/** The files of a stack of a template describe others as well. Throws BAD_OPTIONS. */
export function refuseOfTemplate({ desired }: Pick<RunContext, 'desired'>, stack: string): void {
  const { file, element } = desired.get(stack) ?? {};
  if (element === undefined) return;
  throw new ReconcilerError(
    'BAD_OPTIONS',
    `${stack} is a stack of the template ${file}, for its element ${element} (forEach): put that file back with Git, since it describes others as well`,
  );
}

/** Finds a deployment by its number. Throws UNKNOWN_STACK, and BAD_OPTIONS naming those that there are. */
export async function needDeployment(
  { desired, deployments }: RunContext,
  stack: string,
  number: number,
): Promise<{ readonly deployment: DeploymentRecord; readonly history: readonly DeploymentRecord[] }> {
  const history = await deployments.history(stack);
  const deployment = history.find((one) => one.number === number);
  if (deployment === undefined) throw noDeployment(stack, number, history, desired.get(stack) !== undefined);
  return { deployment, history };
}

/** Returns what has to be written so that the stack of these files is as it was at a commit. */
export async function restoring(
  context: RunContext,
  files: readonly string[],
  revision: string,
  signal: AbortSignal,
): Promise<Pick<RollbackDraft, 'writes' | 'changes'> & { readonly shared: readonly string[] }> {
  const changes = await context.source.diff(context.desired.revision?.commit ?? null, revision, signal);
  const own = await ownOf(context, files, changes, signal);
  return { writes: await toWrites(context, own), changes: own, shared: sharedChanges(changes) };
}

/** The files as they are after changes. */
export async function toWrites(
  { source }: Pick<RunContext, 'source'>,
  changes: readonly FileChange[],
): Promise<readonly FileWrite[]> {
  const writes: FileWrite[] = [];
  for (const { path, after } of changes) {
    if (after === null) writes.push({ path, content: null });
    else if (after.type !== 'submodule')
      writes.push({ path, content: await source.readBlob(after.blob), type: after.type });
  }
  return writes;
}

/** Returns, of changes, what belongs to the stack of these files. */
export async function ownOf(
  context: RunContext,
  files: readonly string[],
  changes: readonly FileChange[],
  signal: AbortSignal,
): Promise<readonly FileChange[]> {
  return ownChanges({ files, present: await listPresent(context, signal), changes });
}

/** Paths of all files that are there now. It takes a while where there are thousands: once for a request. */
export async function listPresent(
  { desired, source }: Pick<RunContext, 'desired' | 'source'>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const head = desired.revision?.commit ?? null;
  const present = head === null ? [] : await source.diff(null, head, signal);
  return present.map(({ path }) => path);
}

/** A message of people, with what our own one tells below its first line. */
export function withFacts(message: string, own: string): string {
  return [message.trimEnd(), ...own.split('\n').slice(1)].join('\n');
}

function noDeployment(
  stack: string,
  to: number,
  history: readonly DeploymentRecord[],
  isDescribed: boolean,
): ReconcilerError {
  if (history.length === 0 && !isDescribed)
    return new ReconcilerError('UNKNOWN_STACK', `there is no stack ${stack}`);
  const known = history.map(({ number }) => number).join(', ');
  return new ReconcilerError(
    'BAD_OPTIONS',
    `${stack} has no deployment ${to}; there are: ${known || 'none'}`,
  );
}

/** Going back to it would take the description away, and say nothing of it. */
function wasRemoval(
  stack: string,
  { number }: DeploymentRecord,
  history: readonly DeploymentRecord[],
): ReconcilerError {
  const others = history.filter((one) => !one.isRemoval && one.number !== number).map((one) => one.number);
  return new ReconcilerError(
    'BAD_OPTIONS',
    `deployment ${number} of ${stack} has no description of it: it was removed then. Go back to one of ${others.join(', ') || 'none'}; to remove it: kombinator destroy --stack ${stack}`,
  );
}

/** Tells from what to what, and what was left alone although it differs. */
function rollbackMessage(to: DeploymentRecord, from: number, shared: readonly string[]): string {
  const stack = to.tag.split('/')[1] ?? '';
  const lines = [
    `Roll ${stack} back from deployment ${from} to deployment ${to.number}`,
    '',
    `The files of ${stack} are as in ${to.tag}, revision ${to.revision.slice(0, 10)}.`,
  ];
  return [...lines, ...leftAlone(shared)].join('\n');
}

export function leftAlone(shared: readonly string[]): readonly string[] {
  return shared.length > 0 ? [`Left as they are, because other stacks use them: ${shared.join(', ')}.`] : [];
}
