import { formatDiagnostic } from '../base/diagnostic.ts';
import { showLine } from '../base/shown-text.ts';
import type { Action, Change, Plan, PlanSummary } from './plan.ts';
import { describeChange } from './text/describe-change.ts';
import type { PlanLine, Sign, Span, Tone } from './text/lines.ts';
import { about, breakSpans, layOut, paintSpans, span } from './text/lines.ts';
import { shortenHashes } from './text/values.ts';

export interface FormatPlanOptions {
  /** ANSI colours. Default false. */
  readonly color?: boolean;
  /** Lists unchanged resources too. Default false. */
  readonly verbose?: boolean;
  /** Columns of the terminal, to which lines are broken between words. Default: they are as long as they are. */
  readonly width?: number;
}

const SIGNS: Readonly<Record<Action, Sign>> = {
  create: '+',
  update: '~',
  replace: '±',
  delete: '-',
  'no-op': ' ',
};
const TONES: Readonly<Record<Action, Tone>> = {
  create: 'good',
  update: 'warn',
  replace: 'replace',
  delete: 'bad',
  'no-op': 'dim',
};

/** The plan as people read it, one block per change, ending in the summary line. No trailing newline. */
export function formatPlan(plan: Plan, options: FormatPlanOptions = {}): string {
  const layout = { color: options.color === true, width: options.width };
  const { head, changes, notes } = describePlan(plan, options.verbose === true);
  const free = (spans: readonly Span[]) =>
    breakSpans(spans, 2, layout.width).map((line) => paintSpans(line, layout.color));
  return [
    ...free([span(head, 'strong')]),
    ...(changes.length > 0 ? [''] : []),
    ...changes.flat().flatMap((line) => layOut(line, layout)),
    '',
    ...notes.flatMap((note) => free([note])),
    ...free([span(formatSummary(plan.summary), 'strong')]),
  ].join('\n');
}

/** A plan in words, before it is laid out. */
export interface DescribedPlan {
  readonly head: string;
  /** The lines of each change; the first one names it. */
  readonly changes: readonly (readonly PlanLine[])[];
  /** Findings, and what needs a yes. */
  readonly notes: readonly Span[];
}

export function describePlan(plan: Plan, verbose: boolean): DescribedPlan {
  const shown = plan.changes.filter(
    (change) => verbose || change.action !== 'no-op' || change.verify || isKept(change),
  );
  const width = shown.reduce((most, { id }) => Math.max(most, nameOf(id).length), 0);
  const seen = new Map<string, string>();
  return {
    head: titleOf(plan),
    changes: shown.map((change) => [headOf(change, width), ...onceOnly(change, seen)]),
    notes: [
      ...plan.diagnostics.map((diagnostic) =>
        span(formatDiagnostic(diagnostic), diagnostic.severity === 'error' ? 'bad' : 'warn'),
      ),
      ...plan.confirmations.map(({ message }) => span(`needs a yes: ${showLine(message)}`, 'warn')),
    ],
  };
}

/** Columns of the name of a change, beyond which names of others are not padded. */
const MAX_NAME_WIDTH = 40;

function headOf(change: Change, width: number): PlanLine {
  const verb = change.verify ? 'wait' : isKept(change) ? 'keep' : change.action;
  const name = nameOf(change.id).padEnd(Math.min(width, MAX_NAME_WIDTH));
  const place = change.origin === null ? '' : `  (${showLine(change.origin.file)}:${change.origin.line})`;
  return {
    sign: SIGNS[change.action],
    depth: 0,
    spans: [
      span(`${verb.padEnd(7)} ${name}`, TONES[change.action]),
      span(`  ${shortenHashes(showLine(change.cause))}${turnOf(change)}`),
      span(place, 'dim'),
    ],
    hang: 8,
  };
}

/** Containers of one service that are alike are described once. */
function onceOnly(change: Change, seen: Map<string, string>): readonly PlanLine[] {
  const lines = describeChange(change);
  if (change.action !== 'create' || lines.length === 0) return lines;
  const key = JSON.stringify([change.kind, lines]);
  const first = seen.get(key);
  if (first !== undefined) return [about(' ', [span(`like ${showLine(first)}`, 'dim')])];
  seen.set(key, change.name);
  return lines;
}

function nameOf(id: string): string {
  return shortenHashes(showLine(id));
}

/** `Plan: 2 to create, 1 to update, 0 to replace, 0 to delete, 3 unchanged.` */
export function formatSummary(summary: PlanSummary): string {
  const { create, update, replace, noop } = summary;
  return `Plan: ${create} to create, ${update} to update, ${replace} to replace, ${summary.delete} to delete, ${noop} unchanged.`;
}

/** The same over several stacks: `Total of 3 stacks: 2 to create, …`. */
export function formatTotal(summaries: readonly PlanSummary[]): string {
  const sum = (key: keyof PlanSummary) => summaries.reduce((total, one) => total + one[key], 0);
  const total = { create: sum('create'), update: sum('update'), replace: sum('replace'), noop: sum('noop') };
  return formatSummary({ ...total, delete: sum('delete') }).replace(
    'Plan',
    `Total of ${summaries.length} stacks`,
  );
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
