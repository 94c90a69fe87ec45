import { Recent } from './recent.ts';
import { errorMessage } from '../../base/errors.ts';
import type { GitHost, HookNews } from '../../ports/hosts/git-host.ts';
import type { LoadResult } from '../../ports/desired.ts';
import type { Revision } from '../../ports/source.ts';
import type { ApplyOperations } from '../../public/reconciler.ts';
import type { RunContext } from '../context.ts';
import { WorkQueue } from '../loop/work-queue.ts';
import { confirmPlan, readCommand } from './confirm-plan.ts';
import { DeploymentWatch } from './deployment-watch.ts';
import type { Standing } from './deployment-watch.ts';
import { contextOf, verdict } from './host-words.ts';
import type { Verdict } from './host-words.ts';
import { Pulls } from './pulls.ts';
import type { StatusBoard } from './status-board.ts';
import { createStatusBoard } from './status-board.ts';

export interface HostWorkOptions {
  readonly context: RunContext;
  readonly host: GitHost;
  readonly applies: Pick<ApplyOperations, 'apply' | 'getPlan'>;
  readonly refresh: (signal: AbortSignal) => Promise<void>;
  /** Tells whether a push of a stack has not been looked at yet. */
  readonly isPushed: (stack: string) => boolean;
}

/** Things done at the host at the same time. */
const CONCURRENCY = 4;
/** Hooks are hints that may be lost. */
const POLL_MS = 5 * 60_000;
/** Comments that were acted on; a host may tell of one again. */
const MAX_COMMENTS = 1_000;
const MAX_PARTS = 1_000;

/**
 * Everything that is done at the host of the config repository: plans beside pull requests, statuses of commits, and the yes of a comment. What fails there
 * is tried again, and holds up nothing else.
 */
export class HostWork implements AsyncDisposable {
  readonly #options: HostWorkOptions;
  readonly #queue: WorkQueue;
  readonly #board: StatusBoard;
  readonly #pulls: Pulls;
  readonly #watch: DeploymentWatch;
  readonly #comments = new Recent<string, true>(MAX_COMMENTS);
  /** Answers to whether a commit has another one in it, by both. */
  readonly #parts = new Recent<string, boolean | 'unknown'>(MAX_PARTS);
  readonly #subscriptions: Disposable[] = [];

  constructor(options: HostWorkOptions) {
    const { context, host, isPushed, refresh } = options;
    this.#options = options;
    this.#queue = new WorkQueue({
      clock: context.clock,
      concurrency: CONCURRENCY,
      run: (key, signal) => this.#run(key, signal),
      onFailure: (key, error, retryInMs) =>
        context.logger.warn(
          { work: key, error: errorMessage(error), retryInMs },
          'the Git host was not told',
        ),
    });
    const later = (key: string): void => this.#queue.add(key);
    // Things that are known are told before more is found out.
    this.#board = createStatusBoard(host, (key) => this.#queue.addFirst(`tell ${key}`));
    const onStanding = (standing: Standing): void => this.#tellStanding(standing);
    this.#watch = new DeploymentWatch(context, { isPushed, onStanding });
    this.#pulls = new Pulls({
      context,
      host,
      board: this.#board,
      refresh,
      standing: () => this.#watch.standing,
      later: (number) => later(`pull ${number}`),
    });
  }

  start(): void {
    const { context } = this.#options;
    this.#subscriptions.push(
      context.hooks.listen((news) => this.#noteHook(news)),
      context.events.subscribe((event) => {
        if (event.type === 'stack' || event.type === 'gone') this.#watch.look(event.stack);
      }),
    );
    this.#queue.add('poll');
  }

  /** A revision came in force. */
  begin(result: LoadResult, revision: Revision): void {
    this.#watch.begin(result, revision);
    this.#pulls.reviewOpen();
  }

  /** A run of a stack has ended. */
  note(stack: string): void {
    this.#watch.look(stack);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]();
    await this.#queue[Symbol.asyncDispose]();
  }

  #noteHook(news: HookNews): void {
    if (news.type === 'pull') this.#queue.addFirst(`pull ${news.number}`);
    else if (news.type === 'comment') this.#queue.addFirst(`comment ${news.number} ${news.comment}`);
  }

  async #run(key: string, signal: AbortSignal): Promise<{ readonly requeueAfterMs: number } | void> {
    const [kind = '', ...rest] = key.split(' ');
    if (kind === 'poll') {
      await this.#poll(signal);
      return { requeueAfterMs: POLL_MS };
    }
    if (kind === 'overtaken') return this.#tellOvertaken();
    if (kind === 'pull') return this.#pulls.review(Number(rest[0]), signal);
    if (kind === 'comment') return this.#answer(Number(rest[0]), rest[1] ?? '', signal);
    return this.#board.send(rest.join(' '), signal);
  }

  /** A host that refuses now may not do so later. */
  async #poll(signal: AbortSignal): Promise<void> {
    const { logger, hostSettings } = this.#options.context;
    this.#board.retry();
    if (!hostSettings.pulls.plan) return;
    try {
      await this.#pulls.poll(signal);
    } catch (error) {
      signal.throwIfAborted();
      logger.warn({ error: errorMessage(error) }, 'the Git host cannot be asked for pull requests');
    }
  }

  async #answer(number: number, id: string, signal: AbortSignal): Promise<void> {
    const { context, host, applies } = this.#options;
    const key = `${number} ${id}`;
    if (this.#comments.has(key)) return;
    const comment = await host.getComment(number, id, signal);
    const command = readCommand(comment.text);
    // Daemons with other roots of the repository read the same comments.
    const isOthers =
      command?.do === 'confirm' && context.source.root !== '' && applies.getPlan(command.plan) === undefined;
    if (command !== null && !isOthers) {
      if (command.do === 'plan') this.#pulls.forget(number);
      const answer =
        command.do === 'confirm'
          ? await confirmPlan(
              { ...this.#options, settings: context.hostSettings },
              comment,
              command.plan,
              signal,
            )
          : {
              isDone: command.do === 'plan',
              note: command.do === 'plan' ? null : unknownWords(command.words),
            };
      this.#comments.set(key, true);
      if (answer.note !== null) this.#pulls.note(number, answer.note);
      await host.react(number, id, answer.isDone ? 'yes' : 'no', signal);
    }
    this.#comments.set(key, true);
  }

  #tellStanding({ commit, earlier, verdict: now }: Standing): void {
    this.#post(commit, now);
    if (earlier.length > 0) this.#queue.add('overtaken');
    this.#pulls.reviewMerged();
  }

  /** Commits that the newest one has overtaken go as it goes, but for those that the branch has left. */
  async #tellOvertaken(): Promise<void> {
    const standing = this.#watch.standing;
    if (standing === null) return;
    const { commit, earlier, verdict: now } = standing;
    const name = commit.slice(0, 10);
    for (const before of earlier) {
      const isPart = await this.#isPart(commit, before);
      if (isPart === true) this.#post(before, verdict(now.state, `as a part of ${name}: ${now.description}`));
      else if (isPart === false)
        this.#post(before, verdict('error', `the branch has left it, and is at ${name}`));
    }
  }

  async #isPart(later: string, earlier: string): Promise<boolean | 'unknown'> {
    const key = `${earlier} ${later}`;
    const known = this.#parts.get(key);
    if (known !== undefined) return known;
    const found = await this.#options.context.source.comesAfter(later, earlier);
    this.#parts.set(key, found);
    return found;
  }

  #post(commit: string, { state, description }: Verdict): void {
    const { hostSettings, source } = this.#options.context;
    const { page, environment } = hostSettings;
    const address = page === null ? null : `${page}/ui/`;
    const context = contextOf('deploy', source.root);
    this.#board.post(commit, { context, state, description, address });
    if (environment === null) return;
    const shown = state === 'pending' ? 'in_progress' : state === 'success' ? 'success' : 'failure';
    this.#board.deploy({ commit, environment, state: shown, description, address });
  }
}

function unknownWords(words: string): string {
  return `"${words}" is not understood; there are "kombinator plan" and "kombinator confirm PLAN"`;
}
