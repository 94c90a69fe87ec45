import { formatDiagnostic } from '../../base/diagnostic.ts';
import { showLine, showText } from '../../base/shown-text.ts';
import { describePlan, formatSummary, formatTotal } from '../format-plan.ts';
import type { Plan, PlanSummary } from '../plan.ts';
import type { PlanLine, Sign } from './lines.ts';
import { textOf } from './lines.ts';

/** Comments of forges are not longer than 65,536 characters. */
const MAX_LENGTH = 60_000;

/** A stack that could not be planned. */
export interface PlanFailure {
  readonly stack: string;
  readonly code: string;
  readonly message: string;
}

/**
 * Plans as Markdown for the comment of a pull request: a table over all stacks, then each one that changes. As long as a comment may be: what does
 * not fit is left out, and said to be.
 */
export function formatMarkdown(
  plans: readonly Plan[],
  failures: readonly PlanFailure[] = [],
  maxLength = MAX_LENGTH,
): string {
  const revision = plans.find((plan) => plan.revision !== null)?.revision ?? null;
  const head = [
    `## Kombinator plan${revision === null ? '' : ` at \`${revision.slice(0, 10)}\``}`,
    '',
    ...tableOf(plans, failures),
    '',
  ];
  let length = head.join('\n').length;
  const left: string[] = [];
  const parts = plans.filter(hasSomething).flatMap((plan) => {
    const text = sectionOf(plan);
    length += text.length;
    if (length <= maxLength) return [text];
    left.push(plan.stack);
    return [];
  });
  const note =
    left.length === 0 ? [] : [`Too long for a comment, and left out: ${left.map(inline).join(', ')}.\n`];
  return [...head, ...parts, ...note].join('\n');
}

function tableOf(plans: readonly Plan[], failures: readonly PlanFailure[]): readonly string[] {
  const rows = plans.map((plan) => rowOf(inline(plan.stack), plan.summary, notesOf(plan)));
  const broken = failures.map(
    ({ stack, code, message }) => `| ${inline(stack)} | | | | | ❌ ${cell(message)} \`${code}\` |`,
  );
  return [
    '| stack | create | update | replace | delete | |',
    '| --- | ---: | ---: | ---: | ---: | --- |',
    ...rows,
    ...broken,
    '',
    `**${plans.length === 1 && plans[0] ? formatSummary(plans[0].summary) : formatTotal(plans.map(({ summary }) => summary))}**`,
  ];
}

function rowOf(name: string, summary: PlanSummary, notes: string): string {
  const count = (number: number) => (number === 0 ? '' : String(number));
  const { create, update, replace } = summary;
  return `| ${[name, ...[create, update, replace, summary.delete].map(count), notes].join(' | ')} |`;
}

function notesOf(plan: Plan): string {
  const errors = plan.diagnostics.filter(({ severity }) => severity === 'error').length;
  return [
    ...(errors > 0 ? [`❌ ${errors} ${errors === 1 ? 'error' : 'errors'}`] : []),
    ...(plan.confirmations.length > 0 ? ['✋ needs a yes'] : []),
    ...(hasRisk(plan) ? ['⚠️ risks'] : []),
  ].join(', ');
}

function hasSomething(plan: Plan): boolean {
  const { changes } = describePlan(plan, false);
  return changes.length > 0 || plan.diagnostics.length > 0 || plan.confirmations.length > 0;
}

function hasRisk(plan: Plan): boolean {
  return describePlan(plan, false)
    .changes.flat()
    .some(({ sign }) => sign === '!');
}

function sectionOf(plan: Plan): string {
  const { changes } = describePlan(plan, false);
  const lines = changes.flat().map(writeLine);
  const fence = fenceFor(lines);
  const block = lines.length === 0 ? [] : [`${fence}diff`, ...lines, fence, ''];
  const open = hasRisk(plan) || plan.confirmations.length > 0 || plan.diagnostics.length > 0 ? ' open' : '';
  return [
    `<details${open}><summary><b>${html(plan.stack)}</b>: ${html(formatSummary(plan.summary))}</summary>`,
    '',
    ...block,
    ...plan.confirmations.map(({ message }) => `- ✋ needs a yes: ${cell(message)}`),
    ...plan.diagnostics.map(
      (diagnostic) =>
        `- ${diagnostic.severity === 'error' ? '❌' : '⚠️'} ${cell(formatDiagnostic(diagnostic))}`,
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
  return `\`${showLine(text).replaceAll('`', "'")}\``;
}

/** A text of others in a cell or a list: no mark-up of theirs takes effect. */
function cell(text: string): string {
  return html(showText(text).replaceAll('\n', ' ')).replaceAll(/([\\`*_[\]|~#@])/g, '\\$1');
}

function html(text: string): string {
  return showLine(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
