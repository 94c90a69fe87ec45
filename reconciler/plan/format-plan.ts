import type { FieldChange } from './change.ts';
import type { Json } from '../base/json.ts';
import { formatDiagnostic } from '../base/diagnostic.ts';
import { showLine } from '../base/shown-text.ts';
import type { Action, Change, Plan, PlanSummary } from './plan.ts';

export interface FormatPlanOptions {
  /** ANSI colours. Default false. */
  readonly color?: boolean;
  /** Lists unchanged resources too. Default false. */
  readonly verbose?: boolean;
}

const SIGNS: Readonly<Record<Action, string>> = {
  create: '+',
  update: '~',
  replace: '±',
  delete: '-',
  'no-op': ' ',
};
const COLORS: Readonly<Record<Action, number>> = {
  create: 32,
  update: 33,
  replace: 35,
  delete: 31,
  'no-op': 90,
};
const MAX_VALUE_LENGTH = 100;

/** The plan as people read it, one block per change, ending in the summary line. No trailing newline. */
export function formatPlan(plan: Plan, options: FormatPlanOptions = {}): string {
  const paint = (code: number, text: string) =>
    options.color === true ? `\u001B[${code}m${text}\u001B[0m` : text;
  const lines = [paint(1, titleOf(plan))];
  const shown = plan.changes.filter(
    (change) => options.verbose === true || change.action !== 'no-op' || change.verify || isKept(change),
  );
  if (shown.length > 0) lines.push('');
  const width = shown.reduce((most, { id }) => Math.max(most, showLine(id).length), 0);
  for (const change of shown) {
    const verb = change.verify ? 'wait' : isKept(change) ? 'keep' : change.action;
    const head = `  ${SIGNS[change.action]} ${verb.padEnd(7)} ${showLine(change.id).padEnd(width)}`;
    const place = change.origin === null ? '' : `  (${showLine(change.origin.file)}:${change.origin.line})`;
    const turn = turnOf(change);
    lines.push(`${paint(COLORS[change.action], head)}  ${showLine(change.cause)}${turn}${paint(90, place)}`);
    for (const field of change.fields) lines.push(`      ${formatField(field)}`);
  }
  lines.push('');
  for (const diagnostic of plan.diagnostics) {
    lines.push(paint(diagnostic.severity === 'error' ? 31 : 33, formatDiagnostic(diagnostic)));
  }
  for (const { message } of plan.confirmations) lines.push(paint(33, `needs a yes: ${showLine(message)}`));
  lines.push(paint(1, formatSummary(plan.summary)));
  return lines.join('\n');
}

/** `Plan: 2 to create, 1 to update, 0 to replace, 0 to delete, 3 unchanged.` */
export function formatSummary(summary: PlanSummary): string {
  const { create, update, replace, noop } = summary;
  return `Plan: ${create} to create, ${update} to update, ${replace} to replace, ${summary.delete} to delete, ${noop} unchanged.`;
}

/** `1 change to apply` */
export function countChanges({ changes }: Plan): string {
  const count = changes.filter(({ action }) => action !== 'no-op').length;
  return `${count} change${count === 1 ? '' : 's'} to apply`;
}

/** One line per change with the numbers of those it waits for: `[1,2] -> #3 create local/container/web: not found`. */
export function formatPlanGraph(plan: Plan): string {
  const numbers = new Map(plan.changes.map((change, index) => [change.id, index + 1]));
  return plan.changes
    .map((change) => {
      const waits = change.dependsOn.map(
        ({ id, until }) => `${numbers.get(id) ?? '?'}${until === 'applied' ? '' : ` ${until}`}`,
      );
      return `[${waits.join(', ')}] -> #${numbers.get(change.id)} ${change.action} ${showLine(`${change.id}: ${change.cause}`)}`;
    })
    .join('\n');
}

/** `, batch 2 of 3` in a rolling update. */
function turnOf({ rollout }: Change): string {
  return rollout === undefined || rollout.batches === 1
    ? ''
    : `, batch ${rollout.batch} of ${rollout.batches}`;
}

function titleOf(plan: Plan): string {
  const revision = plan.revision === null ? '' : ` at ${plan.revision.slice(0, 10)}`;
  return showLine(`${plan.mode === 'destroy' ? 'Destroy' : 'Stack'} ${plan.stack}${revision}`);
}

function isKept(change: Change): boolean {
  return change.action === 'no-op' && change.origin === null;
}

function formatField(field: FieldChange): string {
  const path = showLine(field.path);
  if (field.sensitive === true) return `${path}: *** (the hidden value may have changed)`;
  return `${path}: ${formatValue(field.before)} → ${formatValue(field.after)}`;
}

function formatValue(value: Json): string {
  if (value === null) return '(not set)';
  const text = JSON.stringify(value);
  return showLine(text.length > MAX_VALUE_LENGTH ? `${text.slice(0, MAX_VALUE_LENGTH)}…` : text);
}
