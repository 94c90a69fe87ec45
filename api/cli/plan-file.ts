import { readFile, writeFile } from 'node:fs/promises';
import type { Plan } from '../../reconciler/index.ts';
import { errorMessage, own, planDigest } from '../../reconciler/index.ts';
import { UsageError } from './terminal/failure.ts';
import { reasonOf } from './read-files.ts';

/** Document that `plan --out` writes and `apply FILE` reads. Holds no secret: plans are masked. */
export interface PlanFile {
  readonly format: 'kombinator-plan';
  readonly formatVersion: 1;
  /** The repository the plans were made from, without credentials. */
  readonly location: string;
  readonly branch: string;
  /** Directory of the repository that is read as if it were all of it; left out: the whole repository. */
  readonly root?: string;
  readonly plans: readonly Plan[];
  /** `planDigest` of the plans: what is shown of the file is what was planned. */
  readonly digest: string;
}

export type PlanFileContent = Pick<PlanFile, 'location' | 'branch' | 'root' | 'plans'>;

export async function savePlanFile(file: string, content: PlanFileContent): Promise<void> {
  const digest = planDigest(content.plans);
  const document: PlanFile = { format: 'kombinator-plan', formatVersion: 1, ...content, digest };
  await saveText(file, `${JSON.stringify(document, null, 2)}\n`);
}

/** @throws UsageError when the file cannot be written */
export async function saveText(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (error) {
    throw new UsageError(`cannot write the plan: ${errorMessage(error)}`);
  }
}

/** @throws UsageError when the file is missing, is not JSON, is something else than a plan of this version, or was changed since it was saved */
async function readPlanFile(file: string): Promise<PlanFile> {
  const hint = 'make one with `kombinator plan --out FILE`';
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UsageError(`cannot read the plan file ${file}: ${reasonOf(error)}`, hint);
  });
  const document = parse(text);
  if (!isPlanFile(document)) throw new UsageError(`${file} is not a plan file of this version`, hint);
  const { digest } = document;
  if (digest === undefined)
    throw new UsageError(`${file} has no digest: a version before this one has saved it`, hint);
  if (digest !== planDigest(document.plans))
    throw new UsageError(`${file} was changed after it was saved: its digest does not match`, hint);
  return { ...document, digest };
}

/** The repository that is read now. */
interface ReadPlace {
  readonly location: string;
  readonly root: string;
  readonly commit: string | null;
}

/**
 * The plans of a file for a repository. CI plans in one checkout and applies in another: the commit says more than the path.
 *
 * @throws UsageError as `readPlanFile` does, and PLAN_STALE for those of another repository
 */
export async function readPlansFor(
  { location, root, commit }: ReadPlace,
  file: string,
): Promise<readonly Plan[]> {
  const saved = await readPlanFile(file);
  const savedRoot = saved.root ?? '';
  if (savedRoot !== root)
    throw new UsageError(
      `the plan was made for ${describeRoot(savedRoot)}, and ${describeRoot(root)} is read now`,
      'apply it with the same --path',
      'PLAN_STALE',
    );
  const other = saved.plans.find(({ revision }) => revision === null || revision !== commit);
  if (saved.location === location || other === undefined) return saved.plans;
  throw new UsageError(
    `the plan was made for ${saved.location} at ${shorten(other.revision)}, and ${location} is at ${shorten(commit)}`,
    'apply it with the same --repo, or in a checkout of the same commit',
    'PLAN_STALE',
  );
}

function describeRoot(root: string): string {
  return root === '' ? 'the whole repository' : `the directory ${root} of the repository`;
}

function shorten(commit: string | null): string {
  return commit?.slice(0, 10) ?? 'no commit';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON at all: reported as "not a plan file" like any other stranger.
    return undefined;
  }
}

function isPlanFile(value: unknown): value is Omit<PlanFile, 'digest'> & { readonly digest?: string } {
  return (
    isRecord(value) &&
    value['format'] === 'kombinator-plan' &&
    value['formatVersion'] === 1 &&
    typeof value['location'] === 'string' &&
    typeof value['branch'] === 'string' &&
    Array.isArray(value['plans']) &&
    value['plans'].every(isPlan)
  );
}

/** Shape enough to show it safely; the reconciler compares it with a plan made now before anything is applied. */
export function isPlan(value: unknown): value is Plan {
  return (
    isRecord(value) &&
    value['formatVersion'] === 1 &&
    typeof value['stack'] === 'string' &&
    (value['mode'] === 'apply' || value['mode'] === 'destroy') &&
    (value['revision'] === null || typeof value['revision'] === 'string') &&
    typeof value['desired'] === 'string' &&
    isRecord(value['basis']) &&
    isRecord(value['summary']) &&
    Array.isArray(value['changes']) &&
    value['changes'].every(isChange) &&
    Array.isArray(value['confirmations']) &&
    Array.isArray(value['diagnostics'])
  );
}

function isChange(value: unknown): boolean {
  return (
    isRecord(value) &&
    ['id', 'action', 'target', 'kind', 'name', 'cause'].every((key) => typeof own(value, key) === 'string') &&
    Array.isArray(value['fields']) &&
    Array.isArray(value['dependsOn'])
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
