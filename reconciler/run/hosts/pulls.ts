import { errorMessage } from '../../base/errors.ts';
import { planDigest } from '../../plan/compare-plans.ts';
import type { GitHost, PullRequest } from '../../ports/hosts/git-host.ts';
import { savePlan } from '../context.ts';
import type { RunContext } from '../context.ts';
import { planStack } from '../observe/plan-stack.ts';
import type { Standing } from './deployment-watch.ts';
import { contextOf, judgePlan, verdict } from './host-words.ts';
import type { Verdict } from './host-words.ts';
import type { PlannedPull } from './plan-pull.ts';
import { planPull } from './plan-pull.ts';
import type { MergedDeployment, PullStamp, WaitingPlan } from './pull-text.ts';
import { formatPullComment, pullMarker } from './pull-text.ts';
import type { StatusBoard } from './status-board.ts';

/** Knowledge of one pull request; lost with the process, and then planned again. */
interface KnownPull {
  stamp: PullStamp | null;
  /** The plan that was finished last, and of what. */
  last: { readonly stamp: PullStamp; readonly planned: PlannedPull } | null;
  planned: PlannedPull | null;
  notes: readonly string[];
  /** Text of the comment as it was written last. */
  told: string | null;
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

/** Plans pull requests, and tells of it in one comment each. A comment never stands for what it is not about. */
export class Pulls {
  readonly #options: PullsOptions;
  readonly #known = new Map<number, KnownPull>();
  /** Ids of stored plans that wait for a yes, by what they would do. */
  readonly #asked = new Map<string, string>();

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
    for (const { number, head } of open)
      if (this.#known.get(number)?.stamp?.head !== head.commit) later(number);
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
    const { context, host } = this.#options;
    const { pulls } = context.hostSettings;
    const pull = await host.getPull(number, signal);
    if (pull.base !== context.source.branch) return void this.#known.delete(number);
    if (!pull.isOpen) return this.#end(pull, signal);
    if (!pulls.plan || (pull.isFork && !pulls.forks)) return;
    await this.#options.refresh(signal);
    const base = context.desired.revision?.commit;
    if (base === undefined) return;
    const known = this.#find(number);
    const stamp = { branch: pull.base, base, head: pull.head.commit };
    if (isSame(known.stamp, stamp) && known.planned !== null) {
      await this.#tell(pull, known, signal);
      this.#post(pull, judgePlan(known.planned));
      return;
    }
    known.stamp = stamp;
    known.planned = null;
    this.#post(pull, verdict('pending', `planning the merge into ${pull.base} at ${base.slice(0, 10)}`));
    await this.#tell(pull, known, signal);
    await this.#plan(pull, known, stamp, signal);
  }

  async #plan(pull: PullRequest, known: KnownPull, stamp: PullStamp, signal: AbortSignal): Promise<void> {
    const { context, host, later } = this.#options;
    const { head } = pull;
    let planned: PlannedPull;
    try {
      planned = await planPull(context, { base: stamp.base, head: head.commit, ref: head.ref }, signal);
    } catch (error) {
      signal.throwIfAborted();
      this.#post(pull, verdict('error', errorMessage(error)));
      throw error;
    }
    const now = await host.getPull(pull.number, signal);
    const isCurrent = now.isOpen && now.head.commit === stamp.head && now.base === stamp.branch;
    if (!isCurrent || context.desired.revision?.commit !== stamp.base) return later(pull.number);
    known.planned = planned;
    known.last = { stamp, planned };
    await this.#tell(pull, known, signal);
    this.#post(pull, judgePlan(planned));
  }

  /** Merged: the same comment says how the deployment goes. Closed: what stands there is history. */
  async #end(pull: PullRequest, signal: AbortSignal): Promise<void> {
    const known = this.#known.get(pull.number);
    if (!pull.isMerged || known?.told === undefined || known.told === null)
      return void this.#known.delete(pull.number);
    known.isMerged = true;
    const merged = [...this.#known].filter(([, one]) => one.isMerged);
    for (const [number] of merged.slice(0, -MAX_MERGED)) this.#known.delete(number);
    const standing = await this.#standingOf(pull);
    if (standing === null) return;
    const waiting: WaitingPlan[] = [];
    for (const { stack, reason, isForYes } of standing.waiting)
      waiting.push({ stack, reason, plan: isForYes ? await this.#planOf(stack, signal) : null });
    const { state, description } = standing.verdict;
    const words = `${WORDS[state]}: ${description}`;
    await this.#tell(pull, known, signal, { commit: pull.mergeCommit ?? '', words, waiting });
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
      const id = this.#asked.get(digest) ?? savePlan(context, plan);
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
    const { stamp, planned } = deployment !== undefined && last !== null ? last : known;
    if (stamp === null) return;
    const { root } = this.#options.context.source;
    const text = formatPullComment({ root, stamp, planned, notes, ...(deployment && { deployment }) });
    if (text === known.told) return;
    await this.#options.host.upsertComment(number, pullMarker(root), text, signal);
    known.told = text;
  }

  #post({ head }: PullRequest, { state, description }: Verdict): void {
    const { hostSettings, source } = this.#options.context;
    const { page } = hostSettings;
    const address = page === null ? null : `${page}/ui/`;
    const context = contextOf('plan', source.root);
    this.#options.board.post(head.commit, { context, state, description, address });
  }

  #find(number: number): KnownPull {
    const known = this.#known.get(number) ?? {
      stamp: null,
      last: null,
      planned: null,
      notes: [],
      told: null,
      isMerged: false,
    };
    this.#known.set(number, known);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MAX_OPEN) break;
      this.#known.delete(oldest);
    }
    return known;
  }
}

const WORDS: Readonly<Record<Verdict['state'], string>> = {
  pending: '⏳ Under way',
  success: '✅ Deployed',
  failure: '❌ Failed',
  error: '❌ Failed',
};

function isSame(one: PullStamp | null, other: PullStamp): boolean {
  return one?.base === other.base && one.head === other.head && one.branch === other.branch;
}
