import { Recent } from './recent.ts';
import { errorMessage, isReconcilerError } from '../../base/errors.ts';
import { sha256 } from '../../base/json.ts';
import { planDigest } from '../../plan/compare-plans.ts';
import type { GitHost, PullRequest } from '../../ports/hosts/git-host.ts';
import { savePlan } from '../context.ts';
import type { RunContext } from '../context.ts';
import { planStack } from '../observe/plan-stack.ts';
import type { Standing } from './deployment-watch.ts';
import { contextOf, MAX_WAITING, verdict } from './host-words.ts';
import type { Verdict } from './host-words.ts';
import { planPull } from './plan-pull.ts';
import type { MergedDeployment, PullStamp, ToldPlan, WaitingPlan } from './pull-text.ts';
import { formatPullComment, pullMarker, tellFailure, tellPlan } from './pull-text.ts';
import type { StatusBoard } from './status-board.ts';

/** Knowledge of one pull request; lost with the process, and then planned again. */
interface KnownPull {
  stamp: PullStamp | null;
  /** The plan that was finished last, and of what. */
  last: { readonly stamp: PullStamp; readonly plan: ToldPlan } | null;
  plan: ToldPlan | null;
  notes: readonly string[];
  /** Digest of the comment as it was written last. */
  told: string | null;
  /** Everything that is known has been told; else it is to be tried again. */
  isTold: boolean;
  isMerged: boolean;
}

export interface PullsOptions {
  readonly context: RunContext;
  readonly host: GitHost;
  readonly board: StatusBoard;
  /** Reads the repository, so that what is in force is the newest. */
  readonly refresh: (signal: AbortSignal) => Promise<void>;
  readonly standing: () => Standing | null;
  /** Has `review` called with a number. */
  readonly later: (number: number) => void;
}

/** Merged pull requests whose deployment is still told of; the oldest go first. */
const MAX_MERGED = 50;
/** Open ones that are known; a host lists no more of them. */
const MAX_OPEN = 1_000;
const MAX_NOTES = 5;
/** Plans that wait for a yes and are known not to be stored again. */
const MAX_ASKED = 500;

/** Plans pull requests, and tells of it in one comment each. A comment never stands for what it is not about. */
export class Pulls {
  readonly #options: PullsOptions;
  readonly #known = new Recent<number, KnownPull>(MAX_OPEN);
  /** Ids of stored plans that wait for a yes, by what they would do. */
  readonly #asked = new Recent<string, string>(MAX_ASKED);

  constructor(options: PullsOptions) {
    this.#options = options;
  }

  /** The branch has moved: plans of all that are open are out of date. */
  reviewOpen(): void {
    for (const [number, { isMerged }] of this.#known) if (!isMerged) this.#options.later(number);
  }

  /** Something has become of a deployment. */
  reviewMerged(): void {
    for (const [number, { isMerged }] of this.#known) if (isMerged) this.#options.later(number);
  }

  /** Open pull requests that nobody may have told of. */
  async poll(signal: AbortSignal): Promise<void> {
    const { host, context, later } = this.#options;
    const open = await host.listPulls(context.source.branch, signal);
    const numbers = new Set(open.map(({ number }) => number));
    for (const { number, head, isFork } of open) {
      if (isFork && !context.hostSettings.pulls.forks) continue;
      const known = this.#known.get(number);
      if (known?.isTold !== true || known.stamp?.head !== head.commit) later(number);
    }
    for (const [number, { isMerged }] of this.#known) if (!isMerged && !numbers.has(number)) later(number);
  }

  /** A sentence below the plan, for who has written a command. */
  note(number: number, sentence: string): void {
    const known = this.#find(number);
    known.notes = [...known.notes, sentence].slice(-MAX_NOTES);
    this.#options.later(number);
  }

  /** Plans again, whatever is known. */
  forget(number: number): void {
    const known = this.#known.get(number);
    if (known !== undefined) known.stamp = null;
    this.#options.later(number);
  }

  /** Brings plan, comment and status of a pull request up to date. Throws what is tried again. */
  async review(number: number, signal: AbortSignal): Promise<void> {
    const { context, host, later } = this.#options;
    const { pulls } = context.hostSettings;
    const pull = await host.getPull(number, signal);
    if (pull.base !== context.source.branch) return void this.#known.delete(number);
    if (!pull.isOpen) return this.#end(pull, signal);
    // Anybody may open those, so that none of them takes the place of one that is told of.
    if (!pulls.plan || (pull.isFork && !pulls.forks)) return void this.#known.delete(number);
    await this.#options.refresh(signal);
    const base = context.desired.revision?.commit;
    if (base === undefined) return;
    const known = this.#find(number);
    known.isTold = false;
    const stamp = { branch: pull.base, base, head: pull.head.commit };
    if (!isSame(known.stamp, stamp) || known.plan === null) {
      known.stamp = stamp;
      known.plan = null;
      this.#post(pull, verdict('pending', `planning the merge into ${pull.base} at ${base.slice(0, 10)}`));
      await this.#tell(pull, known, signal);
      known.plan = await this.#plan(pull, stamp, signal);
      if (known.plan === null) return later(number);
      known.last = { stamp, plan: known.plan };
    }
    await this.#tell(pull, known, signal);
    this.#post(pull, known.plan.verdict);
    known.isTold = true;
  }

  /** Plans a merge. Resolves to `null` where either side has moved meanwhile: what was planned is that of nothing that there is. */
  async #plan(pull: PullRequest, stamp: PullStamp, signal: AbortSignal): Promise<ToldPlan | null> {
    const { context, host } = this.#options;
    const { head } = pull;
    let plan: ToldPlan;
    try {
      plan = tellPlan(
        await planPull(context, { base: stamp.base, head: head.commit, ref: head.ref }, signal),
      );
    } catch (error) {
      signal.throwIfAborted();
      if (isReconcilerError(error, 'PLAN_STALE')) return null;
      const failed = verdict('error', errorMessage(error));
      if (!isReconcilerError(error) || error.retryable) {
        this.#post(pull, failed);
        throw error;
      }
      plan = tellFailure(failed);
    }
    const now = await host.getPull(pull.number, signal);
    const isCurrent = now.isOpen && now.head.commit === stamp.head && now.base === stamp.branch;
    return isCurrent && context.desired.revision?.commit === stamp.base ? plan : null;
  }

  /** Merged: the same comment says how the deployment goes. Closed: what stands there is history. */
  async #end(pull: PullRequest, signal: AbortSignal): Promise<void> {
    const standing = pull.isMerged ? await this.#standingOf(pull) : null;
    const before = this.#known.get(pull.number);
    // A process that was started after the merge has told of none, and tells of those that are not done, or that somebody has asked about.
    const isOpen = standing?.verdict.state !== 'success' || (before?.notes.length ?? 0) > 0;
    const isToTell = (before?.told ?? null) !== null || (isOpen && isNewest(pull, standing));
    if (!pull.isMerged || !isToTell) return void this.#known.delete(pull.number);
    const known = this.#find(pull.number);
    known.stamp ??= { branch: pull.base, base: '', head: pull.head.commit };
    known.isMerged = true;
    const merged = [...this.#known].filter(([, one]) => one.isMerged);
    for (const [number] of merged.slice(0, -MAX_MERGED)) this.#known.delete(number);
    if (standing === null) return;
    const waiting: WaitingPlan[] = [];
    for (const { stack, reason, isForYes } of standing.waiting.slice(0, MAX_WAITING))
      waiting.push({ stack, reason, plan: isForYes ? await this.#planOf(stack, signal) : null });
    const { state, description } = standing.verdict;
    const commit = pull.mergeCommit ?? '';
    await this.#tell(pull, known, signal, { commit, words: WORDS[state], description, waiting });
    if (state === 'success') this.#known.delete(pull.number);
  }

  /** Standing of the revision in force, where it has what the pull request has brought. */
  async #standingOf({ mergeCommit }: PullRequest): Promise<Standing | null> {
    const standing = this.#options.standing();
    if (standing === null || mergeCommit === null) return null;
    const { commit } = standing;
    const isIn =
      commit === mergeCommit || (await this.#options.context.source.comesAfter(commit, mergeCommit));
    return isIn === true ? standing : null;
  }

  /** Id of a plan that waits for a yes, stored so that it can be given to exactly this one; `null`: there is none to give. */
  async #planOf(stack: string, signal: AbortSignal): Promise<string | null> {
    const { context } = this.#options;
    try {
      const { plan } = await planStack(context, { stack, mode: 'apply', deleteVolumes: false }, signal);
      if (plan.confirmations.length === 0) return null;
      const digest = planDigest([plan]);
      const known = this.#asked.get(digest);
      // Stored plans are kept for a time.
      const isKept = known !== undefined && context.store.getPlan(known) !== undefined;
      const id = isKept ? known : savePlan(context, plan);
      if (id !== null) this.#asked.set(digest, id);
      return id;
    } catch (error) {
      signal.throwIfAborted();
      context.logger.warn({ stack, error: errorMessage(error) }, 'what waits for a yes cannot be planned');
      return null;
    }
  }

  async #tell(
    { number }: PullRequest,
    known: KnownPull,
    signal: AbortSignal,
    deployment?: MergedDeployment,
  ): Promise<void> {
    const { notes, last } = known;
    // A plan that had not come to its end by then never will.
    const { stamp, plan } = deployment !== undefined && last !== null ? last : known;
    if (stamp === null) return;
    const { root } = this.#options.context.source;
    const text = formatPullComment({ root, stamp, plan, notes, ...(deployment && { deployment }) });
    const digest = sha256(text);
    if (digest === known.told) return;
    await this.#options.host.upsertComment(number, pullMarker(root), text, signal);
    known.told = digest;
  }

  #post({ head }: PullRequest, { state, description }: Verdict): void {
    const { hostSettings, source } = this.#options.context;
    const { page } = hostSettings;
    const address = page === null ? null : `${page}/ui/`;
    const context = contextOf('plan', source.root);
    this.#options.board.post(head.commit, { context, state, description, address });
  }

  #find(number: number): KnownPull {
    const found = this.#known.get(number);
    if (found !== undefined) return found;
    const known: KnownPull = {
      stamp: null,
      last: null,
      plan: null,
      notes: [],
      told: null,
      isTold: false,
      isMerged: false,
    };
    this.#known.set(number, known);
    return known;
  }
}

const WORDS: Readonly<Record<Verdict['state'], string>> = {
  pending: '⏳ Under way',
  success: '✅ Deployed',
  failure: '❌ Failed',
  error: '❌ Failed',
};

/** The merge is what was deployed last, and not something of long ago. */
function isNewest({ mergeCommit }: PullRequest, standing: Standing | null): boolean {
  if (standing === null || mergeCommit === null) return false;
  return standing.commit === mergeCommit || standing.earlier.includes(mergeCommit);
}

function isSame(one: PullStamp | null, other: PullStamp): boolean {
  return one?.base === other.base && one.head === other.head && one.branch === other.branch;
}
