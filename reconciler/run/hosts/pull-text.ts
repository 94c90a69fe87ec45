import { formatDiagnostic } from '../../base/diagnostic.ts';
import { showLine } from '../../base/shown-text.ts';
import { formatRefFolder } from '../../model/git/source-root.ts';
import { planDigest } from '../../plan/compare-plans.ts';
import { formatMarkdown } from '../../plan/text/markdown.ts';
import type { Plan } from '../../plan/plan.ts';
import { count } from './host-words.ts';
import type { PlannedPull } from './plan-pull.ts';

/** First line of the one comment of a daemon, by which it is found again. */
export function pullMarker(root: string): string {
  return root === '' ? '<!-- kombinator:plan -->' : `<!-- kombinator:plan ${formatRefFolder(root)} -->`;
}

/** Longest text of a comment, in characters; hosts take 65,536. */
const MAX_LENGTH = 60_000;
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
  readonly waiting: readonly WaitingPlan[];
}

export interface PullComment {
  /** Directory of the repository that is read; blank: all of it. */
  readonly root: string;
  readonly stamp: PullStamp;
  /** `null` while it is planned. */
  readonly planned: PlannedPull | null;
  /** The merge, and how the deployment goes that followed on it; left out: it is not merged. */
  readonly deployment?: MergedDeployment;
  /** Answers to commands, the newest last. */
  readonly notes: readonly string[];
}

/** Writes the one comment of a pull request: Markdown of at most 60,000 characters, the marker in its first line. */
export function formatPullComment({ root, stamp, planned, deployment, notes }: PullComment): string {
  const tail = [...(deployment === undefined ? [] : deploymentLines(deployment)), ...noteLines(notes)];
  const lines =
    deployment === undefined ? stampLines(stamp, planned) : mergedLines(stamp, planned, deployment);
  const place =
    root === '' ? [] : ['', `Read is the directory ${code(root)} of the repository; paths begin there.`];
  const head = [pullMarker(root), ...lines, ...place, ''];
  const room = MAX_LENGTH - [...head, ...tail].join('\n').length - 2;
  const body = planned === null ? [] : bodyOf(planned, room);
  return [...head, ...body, ...tail].join('\n').slice(0, MAX_LENGTH);
}

function stampLines({ branch, base, head }: PullStamp, planned: PlannedPull | null): readonly string[] {
  const merge = `the merge of ${commit(head)} into ${code(branch)} at ${commit(base)}`;
  if (planned === null) return [`⏳ Planning ${merge}. What stood here before is out of date.`];
  const id = planned.plans.length === 0 ? '' : `, plan ${code(pullPlanId(planned))}`;
  return [`Kombinator has planned ${merge}${id}.`];
}

function mergedLines(
  { branch, base, head }: PullStamp,
  planned: PlannedPull | null,
  deployment: MergedDeployment,
): readonly string[] {
  const merged = `Merged into ${code(branch)} as ${commit(deployment.commit)}.`;
  return planned === null
    ? [merged]
    : [
        `${merged} Before that, this was planned of ${commit(head)}, when ${code(branch)} was at ${commit(base)}:`,
      ];
}

/** Names what was planned: the same plans have the same name. */
function pullPlanId({ plans }: PlannedPull): string {
  return planDigest(plans).replace('sha256:', '').slice(0, ID_LENGTH);
}

function bodyOf(planned: PlannedPull, room: number): readonly string[] {
  const { conflicts, stacks, plans, failures, errors, gaps } = planned;
  if (conflicts.length > 0)
    return [
      '❌ **It cannot be merged as it is.** Both sides have changed:',
      '',
      ...listed(conflicts.map(code)),
      '',
    ];
  const found = errors.map((error) => `❌ ${text(formatDiagnostic(error))}`);
  const open = gaps.map((gap) => `⚠️ ${text(gap)}`);
  const lists = [...listed([...found, ...open]), ...(found.length + open.length > 0 ? [''] : [])];
  if (plans.length === 0 && failures.length === 0) {
    const none = stacks.length === 0 ? 'No stack is concerned.' : 'Nothing that runs would change.';
    return errors.length + gaps.length > 0 ? lists : [`✅ **${none}**`, ''];
  }
  const left = room - lists.join('\n').length;
  return [...lists, formatMarkdown(plans.map(withoutRevision), failures, left), ''];
}

/** The comment says it once. */
function withoutRevision(plan: Plan): Plan {
  return { ...plan, revision: null };
}

function deploymentLines({ words, waiting }: MergedDeployment): readonly string[] {
  const asked = waiting.filter(({ plan }) => plan !== null);
  return [
    '',
    `### Deployment`,
    text(words),
    ...waiting.slice(0, MAX_LISTED).map(({ stack, reason, plan }) => {
      const yes = plan === null ? '' : `: a comment ${code(`kombinator confirm ${plan}`)} says yes to it`;
      return `- ✋ ${code(stack)} waits: ${text(reason)}${yes}`;
    }),
    ...(asked.length > 0 ? ['', 'Only those whom the operator has named can say it.'] : []),
  ];
}

function noteLines(notes: readonly string[]): readonly string[] {
  return notes.length === 0 ? [] : ['', ...notes.slice(-MAX_NOTES).map((note) => `> ${text(note)}`)];
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

function code(value: string): string {
  return `\`${showLine(value).replaceAll('`', "'").slice(0, MAX_LINE)}\``;
}

/** A text of others: no mark-up of theirs takes effect, and nobody is called by it. */
function text(value: string): string {
  const line = showLine(value).slice(0, MAX_LINE);
  const plain = line.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return plain.replaceAll(/([\\`*_[\]|~#@])/g, '\\$1');
}
