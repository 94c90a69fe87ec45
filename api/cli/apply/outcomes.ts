import type { JobDetail, Plan, PlanSummary } from '../../../reconciler/index.ts';
import { addressesOf } from '../../operations/daily/addresses.ts';
import type { ServiceAddress } from '../../operations/daily/addresses.ts';
import type { Invocation } from '../invocation.ts';
import type { Session } from '../session/session.ts';
import type { Failure } from '../terminal/failure.ts';
import { formatFailure } from '../terminal/failure.ts';
import { formatDuration } from '../terminal/table.ts';

/** End of one stack's job; `failure` also when it could not even begin. */
export interface Outcome {
  readonly stack: string;
  readonly detail: JobDetail | null;
  readonly failure: Failure | null;
}

/** Addresses of a stack that answer now. */
export interface StackAddresses {
  readonly stack: string;
  readonly addresses: readonly ServiceAddress[];
}

/** The outcome of each stack, with its addresses, and how much that was together. */
export function formatOutcomes(
  invocation: Invocation,
  outcomes: readonly Outcome[],
  reached: readonly StackAddresses[],
  milliseconds: number,
): string {
  const lines = outcomes.flatMap((outcome) => {
    const addresses = reached.find(({ stack }) => stack === outcome.stack)?.addresses ?? [];
    return [formatOutcome(invocation, outcome), ...formatAddresses(invocation, addresses)];
  });
  return [...lines, ...formatTotals(invocation, outcomes, milliseconds)].join('\n');
}

/** Asks where what was applied is reached, and which of that answers; what cannot be asked is left out. */
export async function findAddresses(
  session: Session,
  plans: readonly Plan[],
  outcomes: readonly Outcome[],
  { options, interrupt, findAnswering }: Invocation,
): Promise<readonly StackAddresses[]> {
  const applied = plans.filter(
    ({ stack, mode }) =>
      mode === 'apply' &&
      outcomes.some((one) => one.stack === stack && one.detail?.job.status === 'completed'),
  );
  const machine = options.server === undefined ? 'localhost' : new URL(options.server).hostname;
  return Promise.all(
    applied.map(async (plan) => {
      const { nodes } = await session.observe(plan.stack, interrupt.signal).catch(() => ({ nodes: [] }));
      const addresses = addressesOf(plan, nodes, machine);
      return { stack: plan.stack, addresses: await findAnswering(addresses, interrupt.signal) };
    }),
  );
}

function formatAddresses({ style }: Invocation, addresses: readonly ServiceAddress[]): readonly string[] {
  const width = addresses.reduce((most, { service }) => Math.max(most, service.length), 0);
  return addresses.map(
    ({ service, address }) => `  ${style.dim('→')} ${service.padEnd(width)}  ${style.accent(address)}`,
  );
}

function formatOutcome({ style }: Invocation, { stack, detail, failure }: Outcome): string {
  if (failure !== null)
    return formatFailure({ ...failure, message: `${stack}: ${failure.message}` }, style.bad);
  if (detail === null) return '';
  const { job, steps } = detail;
  const time = formatDuration(job.startedAt, job.endedAt);
  const name = style.bold(stack);
  if (job.status === 'completed') {
    const tag = job.tag === null ? '' : `, tagged ${style.accent(job.tag)}`;
    const verb = job.type === 'destroy' ? 'destroyed' : 'applied';
    return `${style.good('✓')} ${name} ${verb}${time === '' ? '' : ` in ${time}`}${tag}${countWords(job.summary === null ? [] : [job.summary])}`;
  }
  if (job.status === 'cancelled')
    return `${style.warn('■')} ${name} stopped before it was done (job ${job.id})`;
  const reason =
    job.error?.message ?? steps.find((step) => step.status === 'failed')?.message ?? 'no reason given';
  const code = job.error === null ? '' : ` [${job.error.code}]`;
  return `${style.bad('✗')} ${name} failed: ${reason}${code}\n  → kombinator jobs ${job.id} shows its steps and log`;
}

/** `2 of 3 stacks done in 12.0 s: 4 created, 1 replaced`; nothing where nothing was to be done. */
function formatTotals(
  { style }: Invocation,
  outcomes: readonly Outcome[],
  milliseconds: number,
): readonly string[] {
  // The line of one alone tells everything.
  if (outcomes.length < 2) return [];
  const done = outcomes.flatMap(({ detail }) => (detail?.job.status === 'completed' ? [detail.job] : []));
  const words = countWords(done.flatMap(({ summary }) => summary ?? []));
  const time = formatDuration(new Date(0).toISOString(), new Date(milliseconds).toISOString());
  const paint = done.length === outcomes.length ? style.bold : style.bad;
  return [paint(`${done.length} of ${outcomes.length} stacks done in ${time}${words}`)];
}

/** `: 2 created, 1 replaced`; nothing where nothing was changed. */
function countWords(sums: readonly PlanSummary[]): string {
  const sum = (key: keyof PlanSummary) => sums.reduce((total, summary) => total + summary[key], 0);
  const counts = [
    [sum('create'), 'created'],
    [sum('update'), 'updated'],
    [sum('replace'), 'replaced'],
    [sum('delete'), 'deleted'],
  ] as const;
  const words = counts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
  return words.length === 0 ? '' : `: ${words.join(', ')}`;
}
