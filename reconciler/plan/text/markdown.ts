import { formatDiagnostic } from '../../base/diagnostic.ts';
import { showLine } from '../../base/shown-text.ts';
import { describePlan, formatSummary, formatTotal } from '../format-plan.ts';
import type { Plan, PlanSummary } from '../plan.ts';
import type { PlanLine, Sign } from './lines.ts';
import { textOf } from './lines.ts';
import { quoteCode } from './quote.ts';

/** Comments of forges are not longer than 65,536 characters. */
const MAX_LENGTH = 60_000;
/** Parts of it that the table, and with it the reasons of failures, have at most. */
const TABLE_SHARE = 0.5;
const FAILURE_SHARE = 0.75;
/** Characters that saying what is left out takes at most. */
const NOTE_LENGTH = 800;
const MAX_NAMED = 10;
/** Longest name that is shown whole, in characters: those of stacks have 63. */
const MAX_NAME = 64;

/** A stack that could not be planned. */
export interface PlanFailure {
  readonly stack: string;
  readonly code: string;
  readonly message: string;
}

/**
 * Plans as Markdown for the comment of a pull request: a table over all stacks, then each one that changes. As long as a comment may be: what does
 * not fit is left out, and said to be.
 *
 * @param maxLength in characters, at least 2,000
 */
export function formatMarkdown(
  plans: readonly Plan[],
  failures: readonly PlanFailure[] = [],
  maxLength = MAX_LENGTH,
): string {
  const revision = plans.find((plan) => plan.revision !== null)?.revision ?? null;
  const title = `## Kombinator plan${revision === null ? '' : ` at \`${revision.slice(0, 10)}\``}`;
  const page = createPage(maxLength - NOTE_LENGTH);
  const told = plans.map(readPlan);
  page.add(`${title}\n\n${TABLE_HEAD}`);
  const rows = [
    ...told.map((one) => rowOf(inline(one.plan.stack), one.plan.summary, notesOf(one))),
    ...failures.map(({ stack, code }) => `| ${inline(stack)} | | | | | ❌ no plan: ${inline(code)} |`),
  ];
  const unlisted = rows.filter((row) => !page.add(row, TABLE_SHARE)).length;
  page.add(`\n${sumOf(plans)}\n`);
  const unexplained = failures.filter(
    ({ stack, message }) => !page.add(`- ❌ ${inline(stack)}: ${quoteCode(message)}`, FAILURE_SHARE),
  ).length;
  if (failures.length > unexplained) page.add('');
  const left = told.filter(hasSomething).filter((one) => !page.add(sectionOf(one)));
  const note = noteOf(unlisted + unexplained, left);
  return [...page.lines, ...(note === '' ? [] : [note])].join('\n');
}

/** Lines that have so many characters together, at most. */
interface Page {
  readonly lines: readonly string[];
  /** Adds a text if it fits into this part of the room (default all of it). @returns whether it did */
  add(text: string, share?: number): boolean;
}

function createPage(room: number): Page {
  const lines: string[] = [];
  let length = 0;
  return {
    lines,
    add(text, share = 1) {
      if (length + text.length + 1 > room * share) return false;
      length += text.length + 1;
      lines.push(text);
      return true;
    },
  };
}

function noteOf(hidden: number, left: readonly ReadPlan[]): string {
  if (hidden === 0 && left.length === 0) return '';
  const more = left.length - MAX_NAMED;
  const names = left.slice(0, MAX_NAMED).map(({ plan }) => inline(plan.stack));
  const parts = [
    ...(hidden > 0 ? [`${hidden} lines above`] : []),
    ...(left.length > 0 ? [`${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`] : []),
  ];
  return `Too long for a comment, and left out: ${parts.join('; ')}.\n`;
}

const TABLE_HEAD =
  '| stack | create | update | replace | delete | |\n| --- | ---: | ---: | ---: | ---: | --- |';

function sumOf(plans: readonly Plan[]): string {
  const [first] = plans;
  const isOne = plans.length === 1 && first !== undefined;
  return `**${isOne ? formatSummary(first.summary) : formatTotal(plans.map(({ summary }) => summary))}**`;
}

function rowOf(name: string, summary: PlanSummary, notes: string): string {
  const count = (number: number) => (number === 0 ? '' : String(number));
  const { create, update, replace } = summary;
  return `| ${[name, ...[create, update, replace, summary.delete].map(count), notes].join(' | ')} |`;
}

interface ReadPlan {
  readonly plan: Plan;
  readonly lines: readonly PlanLine[];
  readonly hasRisk: boolean;
}

function readPlan(plan: Plan): ReadPlan {
  const lines = describePlan(plan, false).changes.flat();
  return { plan, lines, hasRisk: lines.some(({ sign }) => sign === '!') };
}

function notesOf({ plan, hasRisk }: ReadPlan): string {
  const errors = plan.diagnostics.filter(({ severity }) => severity === 'error').length;
  return [
    ...(errors > 0 ? [`❌ ${errors} ${errors === 1 ? 'error' : 'errors'}`] : []),
    ...(plan.confirmations.length > 0 ? ['✋ needs a yes'] : []),
    ...(hasRisk ? ['⚠️ risks'] : []),
  ].join(', ');
}

function hasSomething({ plan, lines }: ReadPlan): boolean {
  return lines.length > 0 || plan.diagnostics.length > 0 || plan.confirmations.length > 0;
}

function sectionOf({ plan, lines: changes, hasRisk }: ReadPlan): string {
  const lines = changes.map(writeLine);
  const fence = fenceFor(lines);
  const block = lines.length === 0 ? [] : [`${fence}diff`, ...lines, fence, ''];
  const open = hasRisk || plan.confirmations.length > 0 || plan.diagnostics.length > 0 ? ' open' : '';
  return [
    `<details${open}><summary><b>${html(plan.stack)}</b>: ${html(formatSummary(plan.summary))}</summary>`,
    '',
    ...block,
    ...plan.confirmations.map(({ message }) => `- ✋ needs a yes: ${quoteCode(message)}`),
    ...plan.diagnostics.map(
      (diagnostic) =>
        `- ${diagnostic.severity === 'error' ? '❌' : '⚠️'} ${quoteCode(formatDiagnostic(diagnostic))}`,
    ),
    '',
    '</details>',
    '',
  ].join('\n');
}

/** Signs that forges colour at the beginning of a line: green, red and orange. */
const SIGNS: Readonly<Record<Sign, string>> = { '+': '+', '-': '-', '~': '!', '±': '!', '!': '!', ' ': ' ' };

function writeLine(line: PlanLine): string {
  const mark =
    line.sign === '!' && line.depth === 1 ? '⚠ ' : line.depth === 0 && line.sign === '±' ? '± ' : '';
  return `${SIGNS[line.sign]} ${'  '.repeat(line.depth)}${mark}${textOf(line)}`.trimEnd();
}

/** A fence that is longer than any in the text. */
function fenceFor(lines: readonly string[]): string {
  const longest = lines
    .flatMap((line) => line.match(/`{3,}/g) ?? [])
    .reduce((most, run) => Math.max(most, run.length), 2);
  return '`'.repeat(longest + 1);
}

function inline(text: string): string {
  return quoteCode(text, MAX_NAME);
}

function html(text: string): string {
  return showLine(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
