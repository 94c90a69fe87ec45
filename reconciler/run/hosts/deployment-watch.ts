import type { Diagnostic } from '../../base/diagnostic.ts';
import type { LoadResult } from '../../ports/desired.ts';
import type { Revision } from '../../ports/source.ts';
import type { RunContext } from '../context.ts';
import { strayErrors } from '../observe/stray-errors.ts';
import type { Verdict } from './host-words.ts';
import { count, verdict } from './host-words.ts';

/** Progress of a revision on the targets. */
export interface Standing {
  readonly commit: string;
  /** Commits that were in force before it and had not come to their end, the newest last: a part of it, unless the branch has left them. */
  readonly earlier: readonly string[];
  readonly verdict: Verdict;
  /** Stacks that wait for something else than their turn, sorted. */
  readonly waiting: readonly WaitingStack[];
}

export interface WaitingStack {
  readonly stack: string;
  readonly reason: string;
  /** A yes is what it waits for. */
  readonly isForYes: boolean;
}

type Place =
  | { readonly is: 'done' | 'working' }
  | { readonly is: 'failed'; readonly reason: string }
  | { readonly is: 'waiting'; readonly reason: string; readonly isForYes: boolean };

/** Commits that are told how the one after them went; more come and go too fast to be looked at. */
const MAX_EARLIER = 50;

export interface DeploymentWatchOptions {
  /** Tells whether a push of a stack has not been looked at yet. */
  readonly isPushed: (stack: string) => boolean;
  /** Told whenever the standing of the newest revision is another one. */
  readonly onStanding: (standing: Standing) => void;
}

/** Watches what becomes of the newest revision: which stacks it concerns, and whether they run as it says. */
export class DeploymentWatch {
  readonly #context: Pick<RunContext, 'desired' | 'stacks'>;
  readonly #options: DeploymentWatchOptions;
  #commit: string | null = null;
  #earlier: string[] = [];
  /** The first revision of a process: nobody pushed it just now. */
  #isFirst = true;
  readonly #places = new Map<string, Place>();
  /** Errors of the newest revision that no stack has. */
  #errors: readonly Diagnostic[] = [];
  #told = '';
  #standing: Standing | null = null;

  constructor(context: Pick<RunContext, 'desired' | 'stacks'>, options: DeploymentWatchOptions) {
    this.#context = context;
    this.#options = options;
  }

  get standing(): Standing | null {
    return this.#standing;
  }

  /** A revision came in force. What an earlier one had not brought to its end is this one's to do. */
  begin({ changed, removed }: LoadResult, { commit }: Revision): void {
    if (commit === this.#commit) return;
    const isOpen = this.#standing?.verdict.state === 'pending';
    if (this.#commit !== null)
      this.#earlier = isOpen ? [...this.#earlier, this.#commit].slice(-MAX_EARLIER) : [];
    this.#isFirst = this.#commit === null;
    this.#commit = commit;
    this.#errors = strayErrors(this.#context.desired);
    for (const [stack, { is }] of this.#places) if (is === 'done') this.#places.delete(stack);
    for (const stack of [...changed, ...removed]) this.#places.set(stack, { is: 'working' });
    for (const stack of this.#places.keys()) this.#places.set(stack, this.#placeOf(stack));
    this.#tell();
  }

  /** Something has become of a stack. A revision that is coming in moves stacks before it is begun. */
  look(stack: string): void {
    const isComing = this.#context.desired.revision?.commit !== this.#commit;
    if (isComing || !this.#places.has(stack)) return;
    this.#places.set(stack, this.#placeOf(stack));
    this.#tell();
  }

  #placeOf(stack: string): Place {
    const { desired, stacks } = this.#context;
    if (this.#options.isPushed(stack)) return { is: 'working' };
    const state = stacks.state(stack);
    const reason = stacks.waits(stack)?.message ?? stacks.message(stack) ?? 'nobody knows why';
    if (desired.facts(stack) === undefined && (state === undefined || state === 'removed'))
      return { is: 'done' };
    switch (state) {
      // Differences by hands are told elsewhere: it had been deployed.
      case 'drifted':
      case 'in_sync':
        return { is: 'done' };
      case 'blocked':
        return { is: 'waiting', reason, isForYes: true };
      case 'stopped':
        return { is: 'waiting', reason, isForYes: false };
      case 'pending':
        return stacks.waits(stack) === null ? { is: 'working' } : { is: 'waiting', reason, isForYes: false };
      case 'degraded':
      case 'failed':
      case 'invalid':
        return { is: 'failed', reason };
      default:
        return { is: 'working' };
    }
  }

  #tell(): void {
    const commit = this.#commit;
    if (commit === null) return;
    const about = { commit, earlier: this.#earlier };
    const standing = standingOf(about, this.#places, this.#errors);
    // A process that has just started tells once everything is known.
    if (this.#isFirst && standing.verdict.state === 'pending' && standing.waiting.length === 0) return;
    const text = JSON.stringify(standing);
    if (text === this.#told) return;
    this.#told = text;
    this.#standing = standing;
    this.#options.onStanding(standing);
  }
}

function standingOf(
  { commit, earlier }: Pick<Standing, 'commit' | 'earlier'>,
  places: ReadonlyMap<string, Place>,
  errors: readonly Diagnostic[],
): Standing {
  const of = <Is extends Place['is']>(is: Is) =>
    [...places].flatMap(([stack, place]) =>
      place.is === is ? [{ stack, ...(place as Extract<Place, { is: Is }>) }] : [],
    );
  const failed = of('failed').sort((a, b) => (a.stack < b.stack ? -1 : 1));
  const waiting = of('waiting')
    .map(({ stack, reason, isForYes }) => ({ stack, reason, isForYes }))
    .sort((a, b) => (a.stack < b.stack ? -1 : 1));
  const working = of('working').length;
  return {
    commit,
    earlier,
    verdict: judge({ errors, failed, waiting, working, all: places.size }),
    waiting,
  };
}

interface Counted {
  readonly errors: readonly Diagnostic[];
  readonly failed: readonly { readonly stack: string; readonly reason: string }[];
  readonly waiting: readonly WaitingStack[];
  readonly working: number;
  readonly all: number;
}

function judge({ errors, failed, waiting, working, all }: Counted): Verdict {
  const [first] = failed;
  if (first !== undefined) return verdict('failure', `${first.stack}: ${first.reason}${more(failed.length)}`);
  const [error] = errors;
  if (error !== undefined) {
    const place = error.file === undefined ? '' : `${error.file}: `;
    return verdict('failure', `${place}${error.message}${more(errors.length)}`);
  }
  if (working > 0) return verdict('pending', `${all - working} of ${count(all, 'stack')} as described`);
  const [next] = waiting;
  if (next !== undefined)
    return verdict('pending', `${next.stack} waits: ${next.reason}${more(waiting.length)}`);
  return verdict('success', all === 0 ? 'no stack concerned' : `${count(all, 'stack')} as described`);
}

function more(number: number): string {
  return number > 1 ? ` (and ${number - 1} more)` : '';
}
