import { formatDiagnostic } from '../../base/diagnostic.ts';
import { formatRefFolder } from '../../model/git/source-root.ts';
import { planDigest } from '../../plan/compare-plans.ts';
import { formatMarkdown } from '../../plan/text/markdown.ts';
import { quoteCode } from '../../plan/text/quote.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Verdict } from './host-words.ts';
import { count, judgePlan, MAX_WAITING } from './host-words.ts';
import type { PlannedPull } from './plan-pull.ts';

/** First line of the one comment of a daemon, by which it is found again. */
export function pullMarker(root: string): string {
  return root === '' ? '<!-- kombinator:plan -->' : `<!-- kombinator:plan ${formatRefFolder(root)} -->`;
}

/** Longest text of a comment, in characters; hosts take 65,536. */
const MAX_LENGTH = 60_000;
/** Characters that are kept for what is told around a plan: commits, the deployment, answers. */
const AROUND_LENGTH = 10_000;
const MAX_LISTED = 30;
const MAX_LINE = 300;
const MAX_NOTES = 5;
const ID_LENGTH = 12;

/** The merge that a comment is about. */
export interface PullStamp {
  readonly branch: string;
  readonly base: string;
  readonly head: string;
}

/** Something that a deployment after the merge waits for. */
export interface WaitingPlan {
  readonly stack: string;
  readonly reason: string;
  /** Id of the plan that a yes is for; `null`: no yes of a comment helps. */
  readonly plan: string | null;
}

export interface MergedDeployment {
  /** Commit that the merge made. */
  readonly commit: string;
  readonly words: string;
  readonly description: string;
  readonly waiting: readonly WaitingPlan[];
}

/** The part of a finished plan that is told. */
export interface ToldPlan {
  readonly verdict: Verdict;
  /** Name of what was planned: the same plans have the same; `null`: there are none. */
  readonly id: string | null;
  /** Markdown. */
  readonly body: string;
}

export interface PullComment {
  /** Directory of the repository that is read; blank: all of it. */
  readonly root: string;
  readonly stamp: PullStamp;
  /** `null` while it is planned. */
  readonly plan: ToldPlan | null;
  /** The merge, and how the deployment goes that followed on it; left out: it is not merged. */
  readonly deployment?: MergedDeployment;
  /** Answers to commands, the newest last. */
  readonly notes: readonly string[];
}

/** Says what a plan has come to; the plan itself, which may be large, is not needed any more. */
export function tellPlan(planned: PlannedPull): ToldPlan {
  const { plans } = planned;
  const id = plans.length === 0 ? null : planDigest(plans).replace('sha256:', '').slice(0, ID_LENGTH);
  return { verdict: judgePlan(planned), id, body: bodyOf(planned).join('\n') };
}

/** Says that there is no plan, and why. */
export function tellFailure(verdict: Verdict): ToldPlan {
  return { verdict, id: null, body: `❌ It could not be found out: ${code(verdict.description)}\n` };
}

/** Writes the one comment of a pull request: Markdown of at most 60,000 characters, the marker in its first line. */
export function formatPullComment({ root, stamp, plan, deployment, notes }: PullComment): string {
  const lines = deployment === undefined ? stampLines(stamp, plan) : mergedLines(stamp, plan, deployment);
  const place =
    root === '' ? [] : ['', `Read is the directory ${code(root)} of the repository; paths begin there.`];
  return [
    pullMarker(root),
    ...lines,
    ...place,
    '',
    ...(plan === null ? [] : [plan.body]),
    ...(deployment === undefined ? [] : deploymentLines(deployment)),
    ...noteLines(notes),
  ].join('\n');
}

function stampLines({ branch, base, head }: PullStamp, plan: ToldPlan | null): readonly string[] {
  const merge = `the merge of ${commit(head)} into ${code(branch)} at ${commit(base)}`;
  if (plan === null) return [`⏳ Planning ${merge}. What stood here before is out of date.`];
  return [`Kombinator has planned ${merge}${plan.id === null ? '' : `, plan ${code(plan.id)}`}.`];
}

function mergedLines(
  { branch, base, head }: PullStamp,
  plan: ToldPlan | null,
  deployment: MergedDeployment,
): readonly string[] {
  const merged = `Merged into ${code(branch)} as ${commit(deployment.commit)}.`;
  return plan === null
    ? [merged]
    : [
        `${merged} Before that, this was planned of ${commit(head)}, when ${code(branch)} was at ${commit(base)}:`,
      ];
}

function bodyOf(planned: PlannedPull): readonly string[] {
  const { conflicts, stacks, plans, failures, errors, gaps } = planned;
  if (conflicts.length > 0)
    return [
      '❌ **It cannot be merged as it is.** Both sides have changed:',
      '',
      ...listed(conflicts.map(code)),
      '',
    ];
  const found = errors.map((error) => `❌ ${code(formatDiagnostic(error))}`);
  const open = gaps.map((gap) => `⚠️ ${code(gap)}`);
  const lists = [...listed([...found, ...open]), ...(found.length + open.length > 0 ? [''] : [])];
  if (plans.length === 0 && failures.length === 0) {
    const none = stacks.length === 0 ? 'No stack is concerned.' : 'Nothing that runs would change.';
    return errors.length + gaps.length > 0 ? lists : [`✅ **${none}**`, ''];
  }
  const left = MAX_LENGTH - AROUND_LENGTH - lists.join('\n').length;
  return [...lists, formatMarkdown(plans.map(withoutRevision), failures, left), ''];
}

/** The comment says it once. */
function withoutRevision(plan: Plan): Plan {
  return { ...plan, revision: null };
}

function deploymentLines({ words, description, waiting }: MergedDeployment): readonly string[] {
  const asked = waiting.filter(({ plan }) => plan !== null);
  return [
    '',
    `### Deployment`,
    `${words}: ${code(description)}`,
    ...waiting.slice(0, MAX_WAITING).map(({ stack, reason, plan }) => {
      const yes = plan === null ? '' : `: a comment ${code(confirmWords(plan))} says yes to it`;
      return `- ✋ ${code(stack)} waits: ${code(reason)}${yes}`;
    }),
    ...(asked.length > 0 ? ['', 'Only those whom the operator has named can say it.'] : []),
  ];
}

/** Comment that gives the yes to a plan. */
export function confirmWords(plan: string): string {
  return `kombinator confirm ${plan}`;
}

function noteLines(notes: readonly string[]): readonly string[] {
  return notes.length === 0 ? [] : ['', ...notes.slice(-MAX_NOTES).map((note) => `> ${code(note)}`)];
}

function listed(lines: readonly string[]): readonly string[] {
  const more = lines.length - MAX_LISTED;
  return [
    ...lines.slice(0, MAX_LISTED).map((line) => `- ${line}`),
    ...(more > 0 ? [`- and ${count(more, 'more', 'more')}`] : []),
  ];
}

function commit(id: string): string {
  return code(id.slice(0, 10));
}

/** A text of others: no mark-up of theirs takes effect, and nobody is called by it. */
function code(value: string): string {
  return quoteCode(value, MAX_LINE);
}
